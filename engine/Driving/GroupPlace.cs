using AgentGrid.Core;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Driving;

/// <summary>A run among those that it is counted with.</summary>
/// <param name="Group">The plan, and what its runs are counted by.</param>
/// <param name="Max">How many of them may have been started.</param>
/// <param name="Policy">What becomes of it where others are in its way.</param>
/// <param name="Since">When it began to wait for its turn, by the clock of whoever accepted or retried it.</param>
public sealed record GroupPlace(RunId Run, string Group, int Max, ConcurrencyPolicy Policy, DateTimeOffset Since)
{
    /// <summary>Null for a run that is counted with none.</summary>
    public static GroupPlace? Of(RunSummary run) => run.Group is { } group
        ? Of(run.RunId, run.Plan, group, run.QueuedAt ?? run.AcceptedAt)
        : null;

    /// <inheritdoc cref="Of(RunSummary)"/>
    public static GroupPlace? Of(RunState run) => run.Group is { } group ? Of(run.Id, run.Plan.Name, group, run.QueuedAt) : null;

    /// <summary>The reason with which one is cancelled whose place this run takes.</summary>
    public string Reason => $"run {Run} takes its place";

    /// <summary>Whether it came later than another, and takes the place of those.</summary>
    public bool Replaces(GroupPlace other) => Policy == ConcurrencyPolicy.Replace
        && (Since != other.Since ? Since > other.Since : string.CompareOrdinal(Run.Value, other.Run.Value) > 0);

    // No name of a plan has a space.
    private static GroupPlace Of(RunId run, string plan, RunGroup group, DateTimeOffset since) =>
        new(run, $"{plan} {group.Key}={group.Value}", group.Max, group.Policy, since);
}
