using System.Collections.Immutable;
using AgentGrid.Core.Runs;
using AgentGrid.Simulation.Grid;
using AgentGrid.Simulation.History;
using AgentGrid.Simulation.Nodes;

namespace AgentGrid.Simulation.Faults;

/// <summary>
/// Runs of a plan on a virtual clock while nodes and processes die and agents fail, as seeds decide. Each seed is simulated
/// twice: once in which nothing dies, which says when the runs are in the middle, and once in which that is when things die.
/// </summary>
public sealed class FaultSimulation(FaultOptions options)
{
    /// <param name="first">The first seed.</param>
    /// <param name="count">How many, from that on.</param>
    /// <exception cref="FaultInputException">No run can be made of what was given.</exception>
    public FaultReport Run(int first, int count, CancellationToken cancellationToken = default)
    {
        var seeds = new (FaultRun Calm, FaultRun Harmed)[count];
        try
        {
            Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellationToken }, i => seeds[i] = RunSeed(first + i));
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<FaultInputException>().FirstOrDefault() is { } bad)
        {
            throw new FaultInputException(bad.Message);
        }
        return Report(first, seeds);
    }

    private (FaultRun Calm, FaultRun Harmed) RunSeed(int seed)
    {
        var calm = new FaultRun(options, seed, []);
        calm.Run();
        if (options.Kills.IsEmpty)
        {
            return (calm, calm);
        }
        var random = new Random(seed);
        Kill[] kills = [.. Enumerable.Repeat(options.Kills, options.Times).SelectMany(static k => k).Select(k => new Kill(calm.End * random.NextDouble(), k))];
        var harmed = new FaultRun(options, seed, kills);
        harmed.Run();
        return (calm, harmed);
    }

    private FaultReport Report(int first, (FaultRun Calm, FaultRun Harmed)[] seeds)
    {
        var harmed = seeds.SelectMany((s, i) => s.Harmed.Runs.Select(r => (Seed: first + i, Run: r))).ToArray();
        var calm = seeds.SelectMany((s, i) => s.Calm.Runs.Select(r => (Seed: first + i, Run: r))).ToArray();
        BrokenPromise[] broken = [.. seeds.SelectMany((s, i) => new[] { s.Harmed.Broken, s.Calm.Broken }.OfType<string>().Take(1)
            .Select(what => new BrokenPromise(first + i, what)))];
        var failed = harmed.Where(static r => r.Run.Last.Status == RunStatus.Failed).Select(r => (r.Seed, Where: WhereFailed(r.Run.Last)))
            .GroupBy(static f => f.Where).OrderByDescending(static g => g.Count());
        return new FaultReport(
            options.Plan, first, seeds.Length, [.. broken], Totals(harmed), Totals(calm),
            [.. failed.Select(static g => new FailedStep(g.Key.Step, g.Key.Code, g.Count(), g.First().Seed))],
            ExampleOf(first, seeds, harmed, broken), [.. NodesReader.Missing(options.Nodes, options.Config)]);
    }

    // The step of the error that the run has, or else none: the run ran out of time.
    private static (string? Step, string Code) WhereFailed(RunState run)
    {
        var step = run.Steps.FirstOrDefault(s => s.Status == StepStatus.Failed && !s.Step.Optional);
        return (step?.Id, step?.Error?.Code ?? run.Error!.Code);
    }

    private static FaultTotals Totals((int Seed, KeptRun Run)[] runs)
    {
        var times = new Percentiles();
        foreach (var (_, run) in runs)
        {
            if (TimeOf(run) is { } time)
            {
                times.Add(time);
            }
        }
        int Count(RunStatus status) => runs.Count(r => r.Run.Last.Status == status);
        return new FaultTotals(
            runs.Length, Count(RunStatus.Completed), Count(RunStatus.Failed), Count(RunStatus.Cancelled),
            runs.Sum(static r => r.Run.Events.Count(static e => e is RunEvent.AttemptFailed { RetryAt: not null })),
            runs.Sum(static r => r.Run.Events.Count(static e => e is RunEvent.AttemptLost)),
            times.At(0.5), times.At(0.99), times.At(1), runs.Length == 0 ? null : runs.MaxBy(static r => TimeOf(r.Run)).Seed);
    }

    private static TimeSpan? TimeOf(KeptRun run) => run.Last.EndedAt - run.Last.AcceptedAt;

    private static ExampleRun? ExampleOf(
        int first, (FaultRun Calm, FaultRun Harmed)[] seeds, (int Seed, KeptRun Run)[] runs, BrokenPromise[] broken)
    {
        if (runs.Length == 0)
        {
            return null;
        }
        var (seed, run) = runs.OrderByDescending(r => Array.Exists(broken, b => b.Seed == r.Seed))
            .ThenByDescending(static r => !r.Run.Last.Status.IsEnded()).ThenByDescending(static r => r.Run.Last.Status == RunStatus.Failed)
            .ThenByDescending(static r => TimeOf(r.Run)).First();
        return new ExampleRun(
            seed, run.Last.Key.ToString(), run.Last.Status.ToString().ToLowerInvariant(),
            TimeOf(run) is { } time ? Math.Round(time.TotalSeconds, 3) : null, seeds[seed - first].Harmed.TimelineOf(run));
    }
}
