using AgentGrid.Core.Runs;

namespace AgentGrid.RunLog.Records;

/// <summary>Where a run stands, as it was said with its last turn.</summary>
/// <param name="Agents">
/// Who has had an attempt (<see cref="AgentSet.Text"/>); null where an older version wrote it.
/// </param>
/// <param name="Reason">Why it failed or was cancelled; null for all others, and where an older version wrote it.</param>
internal sealed record RunTip(
    RunStatus Status, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, int WaitingAttempts, int RetryingBranches,
    string? Agents = null, string? Reason = null)
{
    public static RunTip Of(RunSummary summary) => new(
        summary.Status, summary.StartedAt, summary.EndedAt, summary.WaitingAttempts, summary.RetryingBranches,
        summary.Agents?.Text, summary.Reason);
}
