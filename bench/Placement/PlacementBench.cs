using System.Collections.Immutable;
using System.Globalization;
using AgentGrid.Bench.Workflow;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Bench.Placement;

/// <summary>Places what arrives at a fleet of GPUs, and compares with what could be had at best.</summary>
internal static class PlacementBench
{
    private static readonly TimeSpan s_meanWork = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_period = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_warmUp = TimeSpan.FromMinutes(2);

    public static Task<int> RunAsync(BenchOptions options, string data)
    {
        var fleet = new Fleet(options.Gpus);
        var calls = Calls(fleet, options, 0.7, 0.2);
        Console.WriteLine(Report.DescribeMachine(data));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{fleet.Gpus:N0} GPUs on {fleet.Nodes.Length:N0} nodes, {fleet.Models.Length} models of {fleet.Models.Min(m => m.MemoryGb)} to " +
            $"{fleet.Models.Max(m => m.MemoryGb)} GB, loaded in {fleet.Models.Min(m => m.LoadTime.TotalSeconds):N0} to " +
            $"{fleet.Models.Max(m => m.LoadTime.TotalSeconds):N0} s\n"));
        if (options.Part is "all" or "speed")
        {
            Speed(fleet, calls);
        }
        if (options.Part is "all" or "quality")
        {
            Qualities(fleet, calls, options);
        }
        if (options.Part is "all" or "shards")
        {
            Shards(fleet, calls);
        }
        return Task.FromResult(0);
    }

    private static ImmutableArray<Job> Calls(Fleet fleet, BenchOptions options, double utilization, double swing) =>
        Load.Inference(fleet, seed: 1, TimeSpan.FromSeconds(Math.Max(options.Seconds, 60)), utilization, swing, s_period, s_meanWork);

    private static void Qualities(Fleet fleet, ImmutableArray<Job> calls, BenchOptions options)
    {
        Console.WriteLine("| load | decisions | makespan s | bound | over | p99 wait s | pooled | cold starts | least | over | attempts lost |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        Quality("calls, 70% on average", fleet, calls, s_warmUp, deaths: null);
        Quality("the same, a node dies every 20 s", fleet, calls, s_warmUp, TimeSpan.FromSeconds(20));
        Quality("calls, 80% on average", fleet, Calls(fleet, options, 0.8, 0.3), s_warmUp, deaths: null);
        WorkflowInstance[] graphs =
        [
            .. options.Files.Select(static f => WorkflowInstance.Read(f, 1, 10)),
            .. Enumerable.Range(1, Math.Max(options.Random, 3)).Select(static seed => RandomWorkflow.Make(seed, 20_000, 10)),
        ];
        Quality("graphs, all at once", fleet, Load.Graphs(fleet, seed: 1, graphs, runs: fleet.Gpus / 2), TimeSpan.Zero, deaths: null);
        Console.WriteLine();
    }

    private static void Shards(Fleet fleet, ImmutableArray<Job> calls)
    {
        Console.WriteLine("| dispatchers | GPUs move | decisions/s of all | p99 wait s | cold starts |");
        Console.WriteLine("| ---: | --- | ---: | ---: | ---: |");
        Sharded(fleet, calls, 1, moves: false);
        foreach (var shards in new[] { 2, 4, 8, 16 })
        {
            Sharded(fleet, calls, shards, moves: true);
        }
        Sharded(fleet, calls, 16, moves: false);
        Console.WriteLine();
    }

    private static void Quality(string what, Fleet fleet, ImmutableArray<Job> jobs, TimeSpan warmUp, TimeSpan? deaths)
    {
        using var simulation = new PlacementSimulation(fleet, jobs);
        if (deaths is { } interval)
        {
            simulation.LetNodesDie(interval, seed: 1);
        }
        simulation.Run();
        var r = PlacementResult.Of(fleet, jobs, simulation, warmUp);
        var isOpen = jobs[0].Run is null;
        var waits = isOpen
            ? string.Create(CultureInfo.InvariantCulture, $"{r.WaitP99.TotalSeconds:N3} | {r.PooledP99.TotalSeconds:N3}")
            : "- | -";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {what} | {r.Decisions:N0} | {r.Makespan.TotalSeconds:N1} | {r.LeastMakespan.TotalSeconds:N1} | {r.Makespan / r.LeastMakespan - 1:P1} | " +
            $"{waits} | {r.ColdStarts:N0} | {r.LeastColdStarts:N0} | {(double)r.ColdStarts / r.LeastColdStarts - 1:P1} | {r.Lost:N0} |"));
    }

    // The first tenth is not counted: it is compiled meanwhile.
    private static void Speed(Fleet fleet, ImmutableArray<Job> jobs)
    {
        Console.WriteLine("| | decisions/s of a core | us a decision | us a report | reports a decision | bytes of a reply |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: |");
        foreach (var writes in new[] { false, true })
        {
            using var simulation = new PlacementSimulation(fleet, jobs, writesReplies: writes);
            var shard = simulation.Shards[0];
            simulation.Run(decisions: jobs.Length / 10);
            shard.CountAnew();
            simulation.Run(decisions: jobs.Length / 2);
            var (decision, report) = (shard.Deciding / shard.Decisions, shard.Listening / Math.Max(1, shard.Reports));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {(writes ? "with the reply as JSON" : "table, leases and placement")} | {1 / decision.TotalSeconds:N0} | {decision.TotalMicroseconds:N2} | " +
                $"{report.TotalMicroseconds:N2} | {(double)shard.Reports / shard.Decisions:N1} | {shard.ReplyBytes:N0} |"));
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{BytesOfOneThatWaits(fleet):N0} bytes for an attempt that waits\n"));
    }

    private static double BytesOfOneThatWaits(Fleet fleet)
    {
        const int Waiting = 200_000;
        using var table = new SlotTable();
        table.Configure(fleet.Config);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < Waiting; i++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"match_{i % 1_000}/run_{i}/step/1/0");
            table.Wait(new SlotRequest(fleet.Models[i % fleet.Models.Length].Name, 0, DateTimeOffset.UnixEpoch.AddTicks(i), new Waiter(key), "t"));
        }
        var after = GC.GetTotalMemory(forceFullCollection: true);
        GC.KeepAlive(table);
        return (after - before) / (double)Waiting;
    }

    private static void Sharded(Fleet fleet, ImmutableArray<Job> jobs, int shards, bool moves)
    {
        using var simulation = new PlacementSimulation(fleet, jobs, shards, moves);
        simulation.Run(decisions: jobs.Length / 10);
        foreach (var shard in simulation.Shards)
        {
            shard.CountAnew();
        }
        simulation.Run();
        var r = PlacementResult.Of(fleet, jobs, simulation, s_warmUp);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {shards} | {(moves ? "yes" : "no")} | {simulation.Shards.Sum(static s => s.Decisions / s.Deciding.TotalSeconds):N0} | " +
            $"{r.WaitP99.TotalSeconds:N3} | {r.ColdStarts:N0} |"));
    }

    private sealed class Waiter(string key) : ISlotWaiter
    {
        public string Key { get; } = key;

        public void OnGranted(TakenSlot slot)
        {
        }

        public void OnDrained()
        {
        }

        public void OnAgentGone()
        {
        }
    }
}
