using System.Globalization;
using AgentGrid.Bench.Load;

namespace AgentGrid.Bench.Overload;

/// <summary>
/// Twice what the server can do, over HTTP and at the machine's speed: first what it can do, with as many runs in
/// flight as it takes, then twice as many POSTs a second whatever is answered, then the first again.
/// </summary>
internal static class OverloadBench
{
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(BenchOptions options, string data)
    {
        var places = options.Concurrency[^1];
        await using var server = await ServerUnderTest.StartAsync(
            data, options.Sync, "--AgentGrid:MaxActiveRuns", $"{places}", "--AgentGrid:MaxQueuedRuns", $"{places}");
        Console.WriteLine(Report.DescribeMachine(data));
        Console.WriteLine($"{places} runs at once, and {places} that wait\n");
        var (warmup, time) = (TimeSpan.FromSeconds(options.Warmup), TimeSpan.FromSeconds(options.Seconds));
        Task<RunResults> FullAsync(TimeSpan warm, TimeSpan measured) =>
            new RunLoad(server.Url).MeasureAsync(2 * places, warm, measured, server.UsageAsync);

        var before = await FullAsync(warmup, TimeSpan.FromSeconds(Math.Min(10, options.Seconds)));
        var offered = await new OfferedLoad(server.Url).MeasureAsync(2 * before.RunsPerSecond, time);
        var after = await FullAsync(TimeSpan.Zero, Recovery);
        var usage = await server.UsageAsync();

        Console.WriteLine("| | POSTs/s | accepted/s | 429/s | p50 ms | p99 ms | longest ms |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        Print("what it can do", before.RunsPerSecond, before.RunsPerSecond, 0, before.P50Ms, before.P99Ms, null);
        Print(
            "offered twice that", offered.PostsPerSecond, offered.AcceptedPerSecond, offered.RefusedPerSecond,
            offered.P50Ms, offered.P99Ms, offered.LongestMs);
        Print(
            $"the {Recovery.TotalSeconds:0} s after it", after.RunsPerSecond, after.RunsPerSecond, 0, after.P50Ms,
            after.P99Ms, null);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\nRetry-After: {offered.RetryAfter}; other answers: {offered.Failed}; the last accepted run ended " +
            $"{offered.LastEndMs:N0} ms after the last POST; memory {before.ResidentMb:N0} MB before, " +
            $"{usage.ResidentBytes / 1e6:N0} MB after"));
        return offered.Failed + after.Failed + after.Rejected == 0 ? 0 : 1;
    }

    private static void Print(
        string what, double posts, double accepted, double refused, double p50, double p99, double? longest) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {what} | {posts:N0} | {accepted:N0} | {refused:N0} | {p50:N2} | {p99:N2} | {longest:N0} |"));
}
