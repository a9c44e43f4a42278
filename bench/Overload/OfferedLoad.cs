using System.Collections.Concurrent;
using System.Diagnostics;
using AgentGrid.Bench.Load;

namespace AgentGrid.Bench.Overload;

/// <summary>
/// Runs in an open loop: so many POSTs a second, whatever is answered. Latency is from the POST to the run's last event
/// on the WebSocket.
/// </summary>
internal sealed class OfferedLoad(Uri server)
{
    private const int Connections = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<long, long> _posted = new();
    private readonly ConcurrentDictionary<int, int> _retryAfter = new();
    private readonly ConcurrentBag<double> _latencies = [];
    private readonly string _prefix = $"offered-{Guid.NewGuid().ToString("N")[..8]}-";
    private long _number = -1;
    private int _refused;
    private int _failed;
    private long _lastEnd;

    public async Task<OfferedResults> MeasureAsync(double perSecond, TimeSpan time)
    {
        using var stop = new CancellationTokenSource();
        using var feed = new FeedSocket { Prefix = _prefix, RunEnded = Ended };
        await feed.OpenAsync(server, stop.Token);
        var reading = feed.ReadAsync(stop.Token);
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(() => PostAsync(start, perSecond, time))));
        var elapsed = Stopwatch.GetElapsedTime(start);
        var lastPost = Stopwatch.GetTimestamp();
        while (!_posted.IsEmpty && Stopwatch.GetElapsedTime(lastPost) < Patience)
        {
            await Task.Delay(1);
        }
        await stop.CancelAsync();
        await reading.ContinueWith(static _ => { }, TaskScheduler.Default);

        var latencies = _latencies.ToArray();
        Array.Sort(latencies);
        return new OfferedResults(
            PostsPerSecond: (_refused + _failed + latencies.Length) / elapsed.TotalSeconds,
            AcceptedPerSecond: latencies.Length / elapsed.TotalSeconds,
            RefusedPerSecond: _refused / elapsed.TotalSeconds,
            P50Ms: RunResults.Percentile(latencies, 50),
            P99Ms: RunResults.Percentile(latencies, 99),
            LongestMs: RunResults.Percentile(latencies, 100),
            Failed: _failed + _posted.Count,
            LastEndMs: Math.Max(0, Stopwatch.GetElapsedTime(lastPost, _lastEnd).TotalMilliseconds),
            RetryAfter: string.Join(", ", _retryAfter.OrderBy(r => r.Key).Select(r => $"{r.Key} s {r.Value:N0} times")));
    }

    // The connections share the POSTs: whoever is free takes the next one, when its time has come.
    private async Task PostAsync(long start, double perSecond, TimeSpan time)
    {
        using var connection = await HttpConnection.OpenAsync(server, CancellationToken.None);
        while (true)
        {
            var number = Interlocked.Increment(ref _number);
            var due = TimeSpan.FromSeconds(number / perSecond);
            if (due > time)
            {
                return;
            }
            if (due - Stopwatch.GetElapsedTime(start) is var early && early > TimeSpan.Zero)
            {
                await Task.Delay(early);
            }
            var request = HttpConnection.Post(server, "/api/v1/orchestrate", Body.Of($"{_prefix}{number}"));
            _posted[number] = Stopwatch.GetTimestamp();
            var status = await connection.SendAsync(request, CancellationToken.None);
            if (status is >= 200 and <= 299)
            {
                continue;
            }
            _posted.TryRemove(number, out _);
            if (status == 429 && connection.RetryAfter is { } seconds)
            {
                Interlocked.Increment(ref _refused);
                _retryAfter.AddOrUpdate(seconds, 1, static (_, times) => times + 1);
            }
            else
            {
                Interlocked.Increment(ref _failed);
            }
        }
    }

    private void Ended(long number, bool completed, long at)
    {
        if (!_posted.TryRemove(number, out var posted))
        {
            return;
        }
        _lastEnd = at;
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

/// <param name="Failed">Answers that are neither an acceptance nor a 429, and runs that failed or never ended.</param>
/// <param name="RetryAfter">Which times were named, and how often.</param>
internal sealed record OfferedResults(
    double PostsPerSecond, double AcceptedPerSecond, double RefusedPerSecond, double P50Ms, double P99Ms, double LongestMs,
    int Failed, double LastEndMs, string RetryAfter);
