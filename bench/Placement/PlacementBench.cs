using System.Globalization;

namespace AgentGrid.Bench.Placement;

/// <summary>Places what arrives at a fleet of GPUs, and compares with what could be had at best.</summary>
internal static class PlacementBench
{
    public static Task<int> RunAsync(BenchOptions options, string data)
    {
        Console.WriteLine(Report.DescribeMachine(data));
        var fleet = new Fleet(options.Gpus);
        var length = TimeSpan.FromSeconds(options.Seconds);
        var jobs = Load.Inference(fleet, 1, length, 0.85, 0.25, TimeSpan.FromSeconds(300), TimeSpan.FromSeconds(20));
        using var simulation = new PlacementSimulation(fleet, jobs);
        var pooled = Bounds.PooledWaits(fleet, jobs);
        simulation.Run(decisions: options.Decisions);
        var shard = simulation.Shards[0];
        Console.WriteLine($"{jobs.Length} jobs, {simulation.Now}, {shard.Decisions} decisions, {shard.Deciding.TotalMicroseconds / shard.Decisions:N2} us each, {shard.Reports} reports {shard.Listening.TotalMicroseconds / shard.Reports:N2} us each");
        if (options.Decisions == long.MaxValue)
        {
            Console.WriteLine($"cold {simulation.ColdStarts} of at least {Bounds.ColdStarts(fleet, jobs, simulation.Placed)}");
            Console.WriteLine($"p99 wait {P99(simulation.Placed.Select(p => p.Wait)).TotalSeconds:N3}, pooled {P99(pooled).TotalSeconds:N3}");
        }
        return Task.FromResult(0);
    }

    private static TimeSpan P99(IEnumerable<TimeSpan> waits)
    {
        var sorted = waits.Order().ToArray();
        return sorted[(int)(sorted.Length * 0.99)];
    }
}
