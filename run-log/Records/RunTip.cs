using AgentGrid.Core.Runs;

namespace AgentGrid.RunLog.Records;

/// <summary>Where a run stands, as it was said with its last turn.</summary>
internal sealed record RunTip(
    RunStatus Status, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, int WaitingAttempts, int RetryingBranches)
{
    public static RunTip Of(RunSummary summary) => new(
        summary.Status, summary.StartedAt, summary.EndedAt, summary.WaitingAttempts, summary.RetryingBranches);
}
