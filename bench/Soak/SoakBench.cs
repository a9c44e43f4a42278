using System.Globalization;
using AgentGrid.Bench.Load;

namespace AgentGrid.Bench.Soak;

/// <summary>Run after run, to see what grows: memory, the file, or the cost of a run.</summary>
internal static class SoakBench
{
    public static async Task<int> RunAsync(BenchOptions options, string data)
    {
        var concurrency = options.Concurrency[^1];
        Console.WriteLine(Report.DescribeMachine(data));
        Console.WriteLine($"{concurrency} in flight, ended runs kept for {options.Retention}\n");
        Console.WriteLine("| runs so far | runs/s | p50 ms | p99 ms | CPU s/1,000 | KiB/run | RSS MB | file MB | echo req/s |");
        Console.WriteLine("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        await using var server = await ServerUnderTest.StartAsync(
            data, options.Sync, "--retention", options.Retention.ToString());
        var failed = 0;
        var most = 0.0;
        for (var runs = 0; runs < options.Runs && failed == 0;)
        {
            var echo = await new EchoLoad(server.Url).MeasureAsync(
                concurrency, TimeSpan.Zero, TimeSpan.FromSeconds(1), server.UsageAsync);
            var level = await new RunLoad(server.Url).MeasureAsync(
                concurrency, TimeSpan.Zero, TimeSpan.FromSeconds(options.Seconds), server.UsageAsync);
            runs += level.Runs;
            failed += level.Failed;
            most = Math.Max(most, level.ResidentMb ?? 0);
            var file = new DirectoryInfo(data).EnumerateFiles("agentgrid.db*").Sum(f => f.Length) / 1e6;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {runs:N0} | {level.RunsPerSecond:N0} | {level.P50Ms:N2} | {level.P99Ms:N2} | " +
                $"{level.CpuSecondsPer1000:N3} | {level.AllocatedKbPerRun:N1} | {level.ResidentMb:N0} | {file:N0} | " +
                $"{echo.RequestsPerSecond:N0} |"));
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nmost memory: {most:N0} MB; failed: {failed}"));
        return failed == 0 ? 0 : 1;
    }
}
