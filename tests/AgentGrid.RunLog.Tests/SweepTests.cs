using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Tests.Hosting;
using AgentGrid.RunLog.Tests.Runs;

namespace AgentGrid.RunLog.Tests;

public sealed class SweepTests(SharedRedis redis)
{
    private readonly TestLog _test = redis.NewLog();

    [Fact]
    public async Task SweepAsync_EverythingIsOld_LeavesTheNumberAlone()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var run = LoggedRun.Random(random, $"m{seed % 5}", $"{seed}", _test.Time.Now, seed % 2 == 0 ? "t" : null);
            await run.AcceptAsync(_test.Log);
            while (!await run.StepAsync(_test.Log, random))
            {
            }
        }
        var last = await _test.Log.LastSeqAsync();
        Assert.Equal(0, await _test.Log.SweepAsync(1_000));
        _test.Time.Advance(TimeSpan.FromHours(30));

        Assert.Equal(7, await _test.Log.SweepAsync(7));
        Assert.Equal(53, (await _test.Log.ListAsync(new(Limit: 100))).Runs.Length);
        Assert.Equal(53, await _test.Log.SweepAsync(1_000));

        Assert.Equal(["events:0", "seq"], await _test.KeysAsync());
        Assert.Equal(last, await _test.Log.LastSeqAsync());
        Assert.Empty((await _test.Log.ReadEventsAsync(new FeedQuery(), 0, 10)).Events);
    }

    [Fact]
    public async Task SweepAsync_SomeAreOld_LeavesTheOthersWhole()
    {
        var (old, active) = (Run("1"), Run("2"));
        await old.CompleteAsync(_test.Log);
        await active.AcceptAsync(_test.Log);
        _test.Time.Advance(TimeSpan.FromHours(24));
        var young = Run("3");
        await young.CompleteAsync(_test.Log);
        _test.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(1, await _test.Log.SweepAsync(100));

        Assert.Null(await _test.Log.FindAsync(old.State.Key));
        Assert.Null(await _test.Log.ReplayAsync(old.Id));
        Assert.IsType<AppendOutcome.Gone>(await _test.Log.AppendAsync(
            old.Id, old.State.Version, [new RunEvent.SubmissionSkipped { Time = old.Now }], old.Summary));
        foreach (var run in new[] { active, young })
        {
            Assert.Equal(LoggedRun.Dump(run.State), LoggedRun.Dump((await _test.Log.ReplayAsync(run.Id))!));
        }
        var left = (await _test.Log.ReadEventsAsync(new FeedQuery(MatchId: "m"), 0, 100)).Events;
        Assert.Equal(active.State.Version + young.State.Version, left.Length);
        Assert.IsType<AcceptOutcome.Kept>(await Run("1").AcceptAsync(_test.Log));
    }

    [Fact]
    public async Task SweepAsync_WhileRunsAreRetried_RemovesEachOrLeavesItWhole()
    {
        var runs = Enumerable.Range(0, 120).Select(i => Run($"{i}")).ToArray();
        foreach (var run in runs)
        {
            Assert.IsType<AcceptOutcome.Kept>(await run.AcceptAsync(_test.Log));
            await run.StartAsync(_test.Log);
            await run.FailAsync(_test.Log);
        }
        // Redis has the script from now on: the first sweep would else come after retries that were asked for after it.
        Assert.Equal(0, await _test.Log.SweepAsync(1));
        _test.Time.Advance(TimeSpan.FromHours(25));

        // Nothing is waited for between, so that sweeps and retries meet.
        var sweeps = new List<Task<int>>();
        var retries = new List<Task<(LoggedRun Run, AppendOutcome Outcome)>>();
        new Random(11).Shuffle(runs);
        foreach (var some in runs.Chunk(3))
        {
            sweeps.Add(_test.Log.SweepAsync(2));
            retries.AddRange(some.Select(RetryAsync));
        }
        var outcomes = await Task.WhenAll(retries);
        var removed = (await Task.WhenAll(sweeps)).Sum();

        Assert.InRange(removed, 1, 119);
        Assert.Equal(removed, outcomes.Count(o => o.Outcome is AppendOutcome.Gone));
        Assert.Equal(120 - removed, outcomes.Count(o => o.Outcome is AppendOutcome.Kept));
        foreach (var (run, outcome) in outcomes)
        {
            var replayed = await _test.Log.ReplayAsync(run.Id);
            Assert.Equal(outcome is AppendOutcome.Kept, replayed is not null);
            Assert.True(replayed is null || LoggedRun.Dump(replayed) == LoggedRun.Dump(run.State));
        }
        Assert.Equal(120 - removed, (await _test.Log.ActiveAsync()).Count);
        Assert.Equal(0, await _test.Log.SweepAsync(1_000));

        async Task<(LoggedRun, AppendOutcome)> RetryAsync(LoggedRun run)
        {
            var version = run.State.Version;
            var events = run.Decide(new RunInput.RetryRun());
            return (run, await _test.Log.AppendAsync(run.Id, version, events, run.Summary));
        }
    }

    [Fact]
    public async Task SweepAsync_ARunOfManyTurns_LeavesNothing()
    {
        var run = Run("1");
        await run.AcceptAsync(_test.Log);
        await run.StartAsync(_test.Log);
        // More than Lua can pass to one command. One connection keeps their order, so none has to be waited for.
        var turns = new List<Task<AppendOutcome>>();
        for (var i = 0; i < 8_500; i++)
        {
            var version = run.State.Version;
            var events = run.Decide(new RunInput.ReportProgress("a", 1, i / 9_000.0, null));
            turns.Add(_test.Log.AppendAsync(run.Id, version, events, run.Summary));
        }
        Assert.All(await Task.WhenAll(turns), o => Assert.IsType<AppendOutcome.Kept>(o));
        await run.FinishAsync(_test.Log);
        var other = Run("2");
        await other.CompleteAsync(_test.Log);
        _test.Time.Advance(TimeSpan.FromHours(25));

        Assert.Equal(2, await _test.Log.SweepAsync(2));

        Assert.Equal(["events:0", "seq"], await _test.KeysAsync());
    }

    private LoggedRun Run(string round) => new(LoggedRun.OneStep, "m", round, _test.Time.Now, "t");
}
