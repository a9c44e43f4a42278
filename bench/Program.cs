using AgentGrid.Bench;
using AgentGrid.Bench.Load;
using AgentGrid.Bench.Server;
using AgentGrid.Core;

if (args is ["server", .. var rest])
{
    return await BenchServer.RunAsync(rest);
}

BenchOptions options;
try
{
    options = BenchOptions.Parse(args);
}
catch (FormatException e)
{
    Console.Error.WriteLine($"{e.Message}\n{BenchOptions.Usage}");
    return 2;
}

var data = options.Data ?? Directory.CreateTempSubdirectory("agentgrid-bench-").FullName;
try
{
    Directory.CreateDirectory(data);
    await using var server = await ServerUnderTest.StartAsync(options, data);
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
finally
{
    if (options.Data is null)
    {
        Directory.Delete(data, recursive: true);
    }
}
