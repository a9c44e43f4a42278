using AgentGrid.Core;

namespace AgentGrid.Bench.Load;

/// <summary>The yardstick: the default plan's shape, at several numbers of runs in flight, beside the echo.</summary>
internal static class LoadBench
{
    public static async Task<int> RunAsync(BenchOptions options, string data)
    {
        await using var server = options.Url is { } url
            ? ServerUnderTest.At(url, options.Processes)
            : await ServerUnderTest.StartAsync(data, options.Sync);
        var (warmup, time) = (TimeSpan.FromSeconds(options.Warmup), TimeSpan.FromSeconds(options.Seconds));
        var levels = new List<RunResults>();
        var echo = new List<EchoResults>();
        foreach (var concurrency in options.Concurrency)
        {
            Console.Error.WriteLine($"{concurrency} in flight ...");
            if (server.IsOurs)
            {
                echo.Add(await new EchoLoad(server.Url).MeasureAsync(concurrency, warmup, time, server.UsageAsync));
            }
            levels.Add(await new RunLoad(server.Url).MeasureAsync(concurrency, warmup, time, server.UsageAsync));
        }
        var report = new Report
        {
            Machine = Report.DescribeMachine(data),
            Sync = server.IsOurs ? options.Sync : "unknown",
            DiskSyncMs = DiskSync.Measure(data),
            Levels = levels,
            Echo = echo,
        };
        Console.WriteLine(options.Json ? Json.From(report).ToString() : report.ToTable());
        return levels.Sum(l => l.Failed) == 0 ? 0 : 1;
    }
}
