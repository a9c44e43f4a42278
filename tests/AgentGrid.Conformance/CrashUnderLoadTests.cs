using System.Collections.Concurrent;
using System.Text.Json;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Promises 1 to 5 at once: crash after crash, at moments that the seed decides, while runs pour in.</summary>
public abstract class CrashUnderLoadTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    private const int RunsPerRound = 25;

    // Every mode, retries included.
    private const string Steps = """
        {
          "a": {"agent": "alpha", "retry": {"max_attempts": 3, "backoff": "2ms"}},
          "b": {"capability": "work", "mode": "all", "needs": ["a"],
                "retry": {"max_attempts": 3, "backoff": "2ms"}},
          "c": {"capability": "work", "mode": "race", "hedge_after": "0s", "needs": ["a"]},
          "d": {"agent": "narrow", "mode": "each", "for_each": "input.list", "needs": ["b", "c"]}
        }
        """;

    private readonly ConcurrentDictionary<RunKey, RunId> _accepted = new();
    private readonly ConcurrentDictionary<long, (RunId Run, string Stage)> _seen = new();
    private volatile bool _crashing;

    [Theory]
    [InlineData(1)]
    [InlineData(20260)]
    public async Task CrashesUnderLoad_EveryAcceptedRunEndsOnceAndTheFeedHasNoGap(int seed)
    {
        var random = new Random(seed);
        Script.On("alpha", async call =>
        {
            await Task.Yield();
            return call.Number % 7 == 0 && call.Invocation.Try == 1
                ? throw new InvalidOperationException("now and then")
                : call.Answer();
        });
        var requests = new List<SubmitRun>();
        for (var round = 0; round < 6; round++)
        {
            var mine = Enumerable.Range(0, RunsPerRound).Select(_ => Request(Steps, """{"list": [1, 2, 3]}""")).ToArray();
            requests.AddRange(mine);
            await LoadUntilCrashAsync(mine, events: random.Next(1, RunsPerRound * 20));
            await Host.StartAsync(Setup);
        }

        foreach (var request in requests)
        {
            var run = await Grid.SubmitAsync(request) switch
            {
                SubmitResult.Accepted accepted => accepted.Run,
                SubmitResult.Replayed replayed => replayed.Run,
                var other => throw new InvalidOperationException($"Seed {seed}: {request.Key} again: {Describe(other)}"),
            };
            Assert.Equal(_accepted.GetOrAdd(request.Key, run.RunId), run.RunId);
        }
        foreach (var run in _accepted.Values)
        {
            var ended = await Grid.WaitForEndAsync(run, Limits.Patience);
            Assert.NotNull(ended);
            Assert.True(ended.Summary.Status.IsEnded(), $"Seed {seed}: {Describe(ended)}");
            Assert.True(ended.Summary.Status == RunStatus.Completed || ended.Error?.Kind == ErrorKind.Lost, Describe(ended));
            Assert.All(ended.Steps.SelectMany(s => s.Attempts), a => Assert.False(a.Status.IsOpen()));
        }
        await AllSlotsFreeAsync();
        CheckFeed(await FeedAsync());
    }

    private async Task LoadUntilCrashAsync(SubmitRun[] requests, int events)
    {
        _crashing = false;
        using var crashed = new CancellationTokenSource();
        var enough = ReadAsync(events, crashed.Token);
        var submissions = requests.Select(r => Task.Run(() => SubmitAsync(r, crashed.Token))).ToArray();
        await Task.WhenAny(enough, AllEndedAsync(submissions, crashed.Token));
        _crashing = true;
        await Host.CrashAsync();
        await crashed.CancelAsync();
        await Task.WhenAll([enough, .. submissions]);
    }

    // What a client sees of a crash is that no answer comes; it does not know whether it was heard.
    private async Task SubmitAsync(SubmitRun request, CancellationToken crashed)
    {
        try
        {
            if (await Grid.SubmitAsync(request, crashed).AsTask().WaitAsync(crashed) is SubmitResult.Accepted accepted)
            {
                _accepted[request.Key] = accepted.Run.RunId;
            }
        }
        catch (Exception) when (_crashing)
        {
            // Whatever a dying engine throws, the run is posted again after the start.
        }
    }

    private async Task AllEndedAsync(Task[] submissions, CancellationToken crashed)
    {
        await Task.WhenAll(submissions);
        foreach (var run in _accepted.Values)
        {
            await Grid.WaitForEndAsync(run, Limits.Patience, crashed).AsTask().WaitAsync(crashed);
        }
    }

    private async Task ReadAsync(int events, CancellationToken crashed)
    {
        var after = _seen.IsEmpty ? 0 : _seen.Keys.Max();
        var left = events;
        try
        {
            await foreach (var batch in Grid.FollowAsync(new FeedQuery(after), crashed))
            {
                foreach (var e in batch)
                {
                    Assert.True(_seen.TryAdd(e.Seq, (e.RunId, e.Stage)), $"Number {e.Seq} came twice.");
                }
                left -= batch.Length;
                if (left <= 0)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (_crashing && e is not Xunit.Sdk.XunitException)
        {
            // The feed of a dying engine ends as it likes; what it has shown must stay.
        }
    }

    private void CheckFeed(IReadOnlyList<FeedEvent> feed)
    {
        foreach (var e in feed)
        {
            if (_seen.TryGetValue(e.Seq, out var seen))
            {
                Assert.Equal((e.RunId, e.Stage), seen);
            }
        }
        Assert.All(_seen.Keys, seq => Assert.InRange(seq, 1, feed.Count));
        foreach (var run in feed.GroupBy(e => e.RunId))
        {
            Assert.Single(run, e => e.EndsRun);
            Assert.Contains(run.Key, _accepted.Values);
            var results = run.Where(e => Ended(e.Stage)).Select(e => Name(Json.Parse(e.Utf8.Span).Element)).ToArray();
            Assert.Equal(results.Distinct().Count(), results.Length);
            var steps = run.Where(e => e.Stage.EndsWith(":done", StringComparison.Ordinal)).Select(e => e.Stage).ToArray();
            Assert.Equal(steps.Distinct().Count(), steps.Length);
        }
        Assert.Equal(_accepted.Count, feed.Count(e => e.EndsRun));
    }

    private static bool Ended(string stage) => stage.Split(':')[^1] is "succeeded" or "error" or "timeout" or "cancelled"
        && stage.Contains(':', StringComparison.Ordinal);

    private static string Name(JsonElement e) => $"{e.GetProperty("step")}/{e.GetProperty("attempt")}";
}
