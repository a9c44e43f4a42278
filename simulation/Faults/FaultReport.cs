using System.Collections.Immutable;

namespace AgentGrid.Simulation.Faults;

/// <summary>What became of the runs of a plan while things went wrong. Times are in seconds; null where there is none.</summary>
/// <param name="FirstSeed">The first of the seeds; the others follow it.</param>
/// <param name="Broken">Promises that were broken.</param>
/// <param name="WithoutFaults">The same seeds, and nothing dies in them.</param>
/// <param name="FailedSteps">Where runs failed, the most frequent first.</param>
/// <param name="Example">The run that shows most: one with a broken promise, or that failed, or that took longest.</param>
public sealed record FaultReport(
    string Plan, int FirstSeed, int Seeds, ImmutableArray<BrokenPromise> Broken, FaultTotals WithFaults, FaultTotals WithoutFaults,
    ImmutableArray<FailedStep> FailedSteps, ExampleRun? Example, ImmutableArray<string> Warnings);

/// <param name="Retries">Attempts that failed or ran out of time, and were made again.</param>
/// <param name="Lost">How often an attempt was lost with its node, and delivered again.</param>
/// <param name="SlowestSeed">The seed of the run that took longest.</param>
public sealed record FaultTotals(
    int Runs, int Completed, int Failed, int Cancelled, int Retries, int Lost, double? P50Seconds, double? P99Seconds, double? MaxSeconds,
    int? SlowestSeed);

/// <summary>Where runs failed.</summary>
/// <param name="Step">Null where it was the run as a whole.</param>
/// <param name="Seed">One in which it happened.</param>
public sealed record FailedStep(string? Step, string Code, int Count, int Seed);

/// <summary>A promise that was broken.</summary>
public sealed record BrokenPromise(int Seed, string What);

/// <summary>A run, and what happened in it.</summary>
public sealed record ExampleRun(int Seed, string Run, string Status, double? Seconds, ImmutableArray<TimelineEntry> Timeline);
