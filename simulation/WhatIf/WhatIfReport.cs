using System.Collections.Immutable;

namespace AgentGrid.Simulation.WhatIf;

/// <summary>What would have been. Times are in seconds; null where there is none.</summary>
/// <param name="Runs">How many runs were replayed.</param>
/// <param name="From">When the first of them was accepted.</param>
/// <param name="Recorded">What the journal has.</param>
/// <param name="WhatIf">What would have been.</param>
/// <param name="Answers">Where the durations and outputs of attempts were from.</param>
/// <param name="Placements">Who did what instead of whom, the most frequent first.</param>
/// <param name="LeftOut">Runs that could not be replayed, and why.</param>
/// <param name="Warnings">What would keep runs from ending, in sentences.</param>
public sealed record WhatIfReport(
    int Runs, DateTimeOffset? From, double Load, int Seed, ImmutableArray<string> Nodes, WhatIfTotals Recorded, WhatIfTotals WhatIf,
    AnswerCounts Answers, ImmutableArray<PlanComparison> Plans, ImmutableArray<AgentComparison> Agents,
    ImmutableArray<PlacementChange> Placements, ImmutableArray<LeftOutRuns> LeftOut, ImmutableArray<string> Warnings);

/// <summary>All runs together.</summary>
/// <param name="SpanSeconds">From the first arrival to the last end.</param>
/// <param name="Unended">Runs of the journal that had not ended.</param>
public sealed record WhatIfTotals(int Completed, int Failed, int Cancelled, int Unended, double? SpanSeconds);

/// <summary>Where the durations and outputs of attempts were from.</summary>
/// <param name="Recorded">The journal has this very attempt.</param>
/// <param name="Sampled">Drawn from what the agent has done elsewhere: the journal has no such attempt, or it was cancelled.</param>
/// <param name="CutOff">The recorded attempt ran out of time, so nobody knows how long it would have taken.</param>
/// <param name="Unknown">
/// The journal has nothing of the agent: as long as whoever did the work, or else half of the attempt's timeout.
/// </param>
public sealed record AnswerCounts(int Recorded, int Sampled, int CutOff, int Unknown);

/// <summary>A plan, before and after.</summary>
public sealed record PlanComparison(string Plan, PlanTimes Recorded, PlanTimes WhatIf);

/// <summary>How long runs of a plan took from when they might start to their end, and waited for their turn.</summary>
public sealed record PlanTimes(
    int Completed, int Failed, int Cancelled, double? P50Seconds, double? P99Seconds, double? MaxSeconds, double? WaitP50Seconds,
    double? WaitP99Seconds);

/// <summary>An agent, before and after.</summary>
public sealed record AgentComparison(string Agent, AgentTimes Recorded, AgentTimes WhatIf);

/// <summary>How many attempts an agent had, and how long they waited for a slot.</summary>
/// <param name="BusySeconds">How long they ran together.</param>
public sealed record AgentTimes(int Attempts, double BusySeconds, double? WaitP50Seconds, double? WaitP99Seconds);

/// <summary>Another agent or node does the work of a step.</summary>
/// <param name="Was">Agent and node: <c>motion@gpu1</c>.</param>
/// <param name="WouldBe">The same afterwards.</param>
/// <param name="Count">How often.</param>
/// <param name="Why">Why there, of the last one.</param>
public sealed record PlacementChange(string Plan, string Step, string Was, string WouldBe, int Count, string Why);

/// <summary>Runs that could not be replayed.</summary>
public sealed record LeftOutRuns(string Plan, int Count, string Why);
