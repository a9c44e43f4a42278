using System.Diagnostics;

namespace AgentGrid.Bench.Load;

/// <summary>The ceiling: the same bodies, posted to an endpoint of the same server that sends them back.</summary>
internal sealed class EchoLoad(Uri server)
{
    public async Task<EchoResults> MeasureAsync(
        int concurrency, TimeSpan warmup, TimeSpan time, Func<Task<ServerUsage>> usage)
    {
        await LoopAsync(concurrency, warmup);
        var before = await usage();
        var clock = Stopwatch.StartNew();
        var requests = await LoopAsync(concurrency, time);
        var seconds = clock.Elapsed.TotalSeconds;
        var after = await usage();
        return new EchoResults(
            concurrency, requests / seconds, (after.Cpu - before.Cpu)?.TotalSeconds * 1_000 / requests);
    }

    private async Task<long> LoopAsync(int concurrency, TimeSpan time)
    {
        var end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var counts = await Task.WhenAll(
            Enumerable.Range(0, concurrency).Select(i => Task.Run(() => UserAsync(i, end))));
        return counts.Sum();
    }

    private async Task<long> UserAsync(int user, long end)
    {
        using var connection = await HttpConnection.OpenAsync(server, CancellationToken.None);
        var request = HttpConnection.Post(server, "/echo", Body.Of($"echo-{user}"));
        var count = 0L;
        while (Stopwatch.GetTimestamp() < end)
        {
            var status = await connection.SendAsync(request, CancellationToken.None);
            count += status == 200 ? 1 : throw new IOException($"/echo answered {status}.");
        }
        return count;
    }
}
