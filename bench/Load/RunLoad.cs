using System.Collections.Concurrent;
using System.Diagnostics;

namespace AgentGrid.Bench.Load;

/// <summary>
/// Runs in a closed loop: each of N users posts a run with a new key, waits until the POST is answered and the run's
/// last event has come over the WebSocket, and starts over.
/// </summary>
/// <param name="body">What is posted under a match id; null for <see cref="Body"/>.</param>
internal sealed class RunLoad(Uri server, Func<string, string>? body = null)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<long, TaskCompletionSource<(bool Completed, long At)>> _open = new();
    private readonly string _prefix = $"bench-{Guid.NewGuid().ToString("N")[..8]}-";
    private readonly ConcurrentBag<double> _latencies = [];
    private long _number;
    private int _failed;
    private int _rejected;

    public async Task<RunResults> MeasureAsync(
        int concurrency, TimeSpan warmup, TimeSpan time, Func<Task<ServerUsage>> usage)
    {
        using var stop = new CancellationTokenSource();
        using var feed = new FeedSocket { Prefix = _prefix, RunEnded = Ended };
        await feed.OpenAsync(server, stop.Token);
        var reading = feed.ReadAsync(stop.Token);
        await LoopAsync(concurrency, warmup, reading);
        _latencies.Clear();
        (_failed, _rejected) = (0, 0);

        var before = await usage();
        var events = feed.Events;
        var own = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        await LoopAsync(concurrency, time, reading);
        var elapsed = clock.Elapsed;
        var ownUsed = Environment.CpuUsage.TotalTime - own;
        var after = await usage();

        await stop.CancelAsync();
        await reading.ContinueWith(static _ => { }, TaskScheduler.Default);
        return RunResults.Of(
            concurrency, elapsed, [.. _latencies], feed.Events - events, _failed, _rejected, before, after, ownUsed);
    }

    private async Task LoopAsync(int concurrency, TimeSpan time, Task reading)
    {
        var end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var users = Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => Task.Run(() => UserAsync(end))));
        var first = await Task.WhenAny(users, reading).WaitAsync(time + Patience);
        await first; // the reader ends only by failing
        await users;
    }

    private async Task UserAsync(long end)
    {
        using var connection = await HttpConnection.OpenAsync(server, CancellationToken.None);
        while (Stopwatch.GetTimestamp() < end)
        {
            var number = Interlocked.Increment(ref _number);
            var request = HttpConnection.Post(server, "/api/v1/orchestrate", (body ?? Body.Of)($"{_prefix}{number}"));
            var ended = new TaskCompletionSource<(bool Completed, long At)>(
                TaskCreationOptions.RunContinuationsAsynchronously);
            _open[number] = ended;
            var posted = Stopwatch.GetTimestamp();
            var status = await connection.SendAsync(request, CancellationToken.None);
            if (status is < 200 or > 299)
            {
                _open.TryRemove(number, out _);
                Interlocked.Increment(ref status is 429 or 503 ? ref _rejected : ref _failed);
                continue;
            }
            var (completed, at) = await ended.Task;
            if (completed)
            {
                _latencies.Add(Stopwatch.GetElapsedTime(posted, at).TotalMilliseconds);
            }
            else
            {
                Interlocked.Increment(ref _failed);
            }
        }
    }

    private void Ended(long number, bool completed, long at)
    {
        if (_open.TryRemove(number, out var ended))
        {
            ended.SetResult((completed, at));
        }
    }
}
