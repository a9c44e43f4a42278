using System.Collections.Immutable;

namespace AgentGrid.Bench.Placement;

/// <summary>How a simulation went, beside what could be had at best.</summary>
/// <param name="WaitP99">Of jobs that came after the warm-up: from when each could start to its start.</param>
/// <param name="PooledP99">The same jobs where all GPUs of a kind are one pool that has everything loaded.</param>
/// <param name="LeastColdStarts">With the same starts and ends, by whoever knows the future.</param>
internal sealed record PlacementResult(
    long Decisions, TimeSpan Makespan, TimeSpan LeastMakespan, TimeSpan WaitP99, TimeSpan PooledP99, int ColdStarts, int LeastColdStarts, int Lost)
{
    /// <param name="warmUp">For so long everything is cold.</param>
    public static PlacementResult Of(Fleet fleet, ImmutableArray<Job> jobs, PlacementSimulation simulation, TimeSpan warmUp)
    {
        var pooled = Bounds.PooledWaits(fleet, jobs);
        var counted = jobs.Where(j => j.Arrives >= warmUp).ToArray();
        return new PlacementResult(
            simulation.Shards.Sum(static s => s.Decisions), simulation.Now, Bounds.Makespan(fleet, jobs),
            P99(counted.Select(j => simulation.Placed[j.Index].Wait)), P99(counted.Select(j => pooled[j.Index])),
            simulation.ColdStarts, Bounds.ColdStarts(fleet, jobs, simulation.Placed), simulation.Lost);
    }

    private static TimeSpan P99(IEnumerable<TimeSpan> waits)
    {
        var sorted = waits.Order().ToArray();
        return sorted.Length == 0 ? TimeSpan.Zero : sorted[(int)(sorted.Length * 0.99)];
    }
}
