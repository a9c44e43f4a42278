using AgentGrid.Bench.Load;
using AgentGrid.Core;

namespace AgentGrid.Bench.Cluster;

/// <summary>The yardstick on a cluster: the same shape and the same load, over several silos and a Redis.</summary>
internal static class ClusterBench
{
    public static async Task<int> RunAsync(BenchOptions options, string data)
    {
        var (warmup, time) = (TimeSpan.FromSeconds(options.Warmup), TimeSpan.FromSeconds(options.Seconds));
        var failed = 0;
        foreach (var silos in options.Silos)
        {
            var folder = Directory.CreateDirectory(Path.Combine(data, $"redis-{silos}")).FullName;
            await using var cluster = await ClusterUnderTest.StartAsync(folder, silos, options.Fsync);
            var levels = new List<RunResults>();
            foreach (var concurrency in options.Concurrency)
            {
                Console.Error.WriteLine($"{silos} silos, {concurrency} in flight ...");
                levels.Add(await new RunLoad(cluster.Url).MeasureAsync(concurrency, warmup, time, cluster.UsageAsync));
            }
            var report = new Report
            {
                Machine = Report.DescribeMachine(data),
                Sync = $"{(silos == 0 ? "one process" : $"{silos} silos and an api")}, Redis appendfsync {options.Fsync}",
                DiskSyncMs = DiskSync.Measure(data),
                Levels = levels,
                Echo = [],
            };
            Console.WriteLine(options.Json ? Json.From(report).ToString() : report.ToTable());
            failed += levels.Sum(static l => l.Failed);
        }
        return failed == 0 ? 0 : 1;
    }
}
