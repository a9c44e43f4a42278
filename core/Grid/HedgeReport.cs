using System.Collections.Immutable;

namespace AgentGrid.Core.Grid;

/// <summary>What backups have cost and gained in the newest runs of a plan.</summary>
/// <param name="Runs">How many runs that have ended it is made of.</param>
/// <param name="Since">When the oldest of these was accepted; null when there are none.</param>
/// <param name="Steps">Those with <c>hedge</c>, in the order of the plan.</param>
public sealed record HedgeReport(string Plan, int Runs, DateTimeOffset? Since, ImmutableArray<HedgedStepReport> Steps);

/// <summary>What backups have cost and gained in one step.</summary>
public sealed record HedgedStepReport
{
    public required string Step { get; init; }

    /// <summary>
    /// How many times the step was executed, in mode each for an item, and completed by its first attempt or by a backup of that.
    /// </summary>
    public int Executions { get; init; }

    /// <summary>How many backups have started.</summary>
    public int Started { get; init; }

    /// <summary>How many of them were first.</summary>
    public int Won { get; init; }

    /// <summary>How many of them were not.</summary>
    public int Lost { get; init; }

    /// <summary>How many were not started, because the budget was used up.</summary>
    public int Refused { get; init; }

    /// <summary>How many attempts that lost had not stopped within their grace period.</summary>
    public int DidNotStop { get; init; }

    /// <summary>How long attempts have run that lost, first ones and backups; at least, where their receipts do not say it all.</summary>
    public double LostSeconds { get; init; }

    /// <summary>How long these have had a GPU.</summary>
    public double LostGpuSeconds { get; init; }

    /// <summary>By how much executions were shorter than their first attempts alone; at least.</summary>
    public double SavedSeconds { get; init; }

    /// <summary>From the start of the first attempt to the success; null when there were no executions.</summary>
    public HedgeLatency? WithMs { get; init; }

    /// <summary>
    /// How long first attempts took, or would have; those that lost and stopped when they were told to count with the time that
    /// they had run by then, so that it is a lower bound.
    /// </summary>
    public HedgeLatency? WithoutMs { get; init; }

    /// <summary>How many of the executions count by such a lower bound.</summary>
    public int AtLeast { get; init; }
}

/// <param name="P50">In milliseconds: half of them took no longer.</param>
/// <param name="P99">In milliseconds: 99 of 100 took no longer.</param>
public sealed record HedgeLatency(double P50, double P99);
