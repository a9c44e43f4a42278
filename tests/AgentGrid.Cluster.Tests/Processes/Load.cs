using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using AgentGrid.Conformance;
using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog;
using StackExchange.Redis;

namespace AgentGrid.Cluster.Tests.Processes;

/// <summary>
/// Clients that post runs, keep what they were told, and fail on anything that a caller must never see: a 500, an
/// answer that takes too long, another run for the same key.
/// </summary>
internal sealed class Load(ClusterProcesses cluster, string name) : IDisposable
{
    // A caller of silos waits for them for 8.5 s, and a machine may stand still. A call that is lost would take 30 s.
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);
    private readonly HttpClient _client = new() { Timeout = Limits.Patience };
    private readonly ConcurrentDictionary<string, string> _unanswered = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _enough = new();
    private readonly TaskCompletionSource _refusing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _posting = Task.CompletedTask;
    private TimeSpan _longestAnswer = LongestAnswer;
    private int _posted;
    private int _refused;

    /// <summary>The runs that were accepted, by match: the run's id, and when it was accepted.</summary>
    public ConcurrentDictionary<string, (string Run, DateTimeOffset At)> Accepted { get; } =
        new(StringComparer.Ordinal);

    /// <summary>How often the answer was 429 or 503.</summary>
    public int Refused => _refused;

    /// <summary>How long the slowest answer took.</summary>
    public TimeSpan Slowest { get; private set; }

    /// <summary>Posts some runs at once, and some more all the time until <see cref="EnoughAsync"/>.</summary>
    public void Start(int atOnce, int clients)
    {
        _posting = Task.WhenAll(
        [
            .. Enumerable.Range(0, atOnce).Select(_ => PostNextAsync()),
            .. Enumerable.Range(0, clients).Select(_ => PostOnAsync()),
        ]);
    }

    /// <summary>For so long nobody can have had an answer.</summary>
    public void ApiStoodStillFor(TimeSpan time) => _longestAnswer = LongestAnswer + time;

    /// <summary>Fails when a caller has seen what no caller must.</summary>
    public Task CheckAsync() => _posting is { IsCompleted: true, IsCompletedSuccessfully: false } ? _posting : Task.CompletedTask;

    /// <summary>Posts some more runs at once.</summary>
    public void Burst(int runs) =>
        _posting = Task.WhenAll([_posting, .. Enumerable.Range(0, runs).Select(_ => PostNextAsync())]);

    /// <summary>Waits until somebody was told to come again later.</summary>
    public async Task RefusesAsync() =>
        await await Task.WhenAny(_refusing.Task, _posting).WaitAsync(_client.Timeout);

    /// <summary>
    /// Adds turns to runs that have ended, past the api, until the stream of events begins after a number: whoever has
    /// not read on since then has missed something.
    /// </summary>
    public async Task FloodAsync(IConnectionMultiplexer redis, long number)
    {
        var log = new RedisRunLog(redis, new RunLogOptions(), TimeProvider.System);
        var ended = Accepted.Values.Select(a => a.Run).Where(cluster.Feed.HasEnded).ToArray();
        Assert.NotEmpty(ended);
        await Task.WhenAll(ended.Select(async run =>
        {
            var id = RunId.Parse(run);
            var summary = (await log.FindAsync(id))!.Summary;
            var version = (await log.ReplayAsync(id))!.Version;
            for (; await FirstStreamedAsync(redis) <= number; version++)
            {
                var skipped = new RunEvent.SubmissionSkipped { Time = DateTimeOffset.UtcNow };
                Assert.IsType<AppendOutcome.Kept>(await log.AppendAsync(id, version, [skipped], summary));
            }
        }));
    }

    // The number of the last event of the first turn that the stream still has.
    private static async Task<long> FirstStreamedAsync(IConnectionMultiplexer redis)
    {
        var first = await redis.GetDatabase().StreamRangeAsync("{agentgrid}:events:0", "-", "+", 1);
        return (long)first[0]["last"];
    }

    /// <summary>Ends the posting, and posts what was not accepted until it is.</summary>
    public async Task EnoughAsync()
    {
        await _enough.CancelAsync();
        await _posting;
        await cluster.EventuallyAsync(
            async () =>
            {
                await Task.WhenAll(_unanswered.ToArray().Select(p => PostAsync(p.Key, p.Value)));
                return _unanswered.IsEmpty;
            },
            () => Task.FromResult($"not accepted: {string.Join(", ", _unanswered.Keys)}"));
    }

    public void Dispose()
    {
        _client.Dispose();
        _enough.Dispose();
    }

    private async Task PostOnAsync()
    {
        using var pace = new PeriodicTimer(Pace);
        while (!_enough.IsCancellationRequested)
        {
            await PostNextAsync();
            await pace.WaitForNextTickAsync();
        }
    }

    private Task PostNextAsync()
    {
        var number = Interlocked.Increment(ref _posted);
        var match = $"{name}-{number.ToString(CultureInfo.InvariantCulture)}";
        return PostAsync(match, Body(match, number));
    }

    private async Task PostAsync(string match, string body)
    {
        _unanswered[match] = body;
        var clock = Stopwatch.StartNew();
        try
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await _client.PostAsync(new Uri(cluster.ApiUrl, "api/v1/orchestrate"), content);
            var text = await response.Content.ReadAsStringAsync();
            Slowest = clock.Elapsed > Slowest ? clock.Elapsed : Slowest;
            Assert.True(clock.Elapsed < _longestAnswer, $"The answer for {match} took {clock.Elapsed}: {text}");
            if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
            {
                Assert.True(response.Headers.RetryAfter is not null, $"No Retry-After for {match}: {text}");
                Interlocked.Increment(ref _refused);
                _refusing.TrySetResult();
                return;
            }
            Assert.True(response.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.OK,
                $"{(int)response.StatusCode} for {match}: {text}");
            var run = JsonElement.Parse(text).GetProperty("run_id").GetString()!;
            Assert.Equal(run, Accepted.GetOrAdd(match, (run, DateTimeOffset.UtcNow)).Run);
            _unanswered.TryRemove(match, out _);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return; // the API is dead; whether it has heard this is not known
        }
    }

    // Every fifth run is the quick start's. The others run for about a second, on the nodes without GPU, and then on
    // that with one; so something of every run is under way whenever something is killed.
    private static string Body(string match, int number) => number % 5 == 0
        ? JsonSerializer.Serialize(new { match_id = match, round = "1", grid_snapshot = QuickStart.Snapshot })
        : $$$"""
            {
              "match_id": "{{{match}}}", "round": "1", "list": [1, 2, 3],
              "plan": {"steps": {
                "a": {"agent": "delay", "input": {"ms": {{{700 + number % 7 * 100}}} } },
                "b": {"agent": "flaky", "input": {"fail_times": 1}, "needs": ["a"],
                      "retry": {"max_attempts": 3, "backoff": "5ms"}},
                "c": {"agent": "echo", "mode": "each", "for_each": "input.list", "needs": ["b"]},
                "d": {"agent": "delay", "input": {"ms": 100}, "needs": ["c"]}
              }}
            }
            """;
}
