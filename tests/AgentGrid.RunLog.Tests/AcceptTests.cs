using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Tests.Hosting;
using AgentGrid.RunLog.Tests.Runs;

namespace AgentGrid.RunLog.Tests;

public sealed class AcceptTests(SharedRedis redis)
{
    private readonly TestLog _test = redis.NewLog();

    [Fact]
    public async Task AcceptAsync_FiftyAtOnceWithOneKey_KeepsOneAndNamesItToTheOthers()
    {
        var runs = Enumerable.Range(0, 50).Select(_ => Run("m", "1")).ToArray();

        var outcomes = await Task.WhenAll(runs.Select(r => r.AcceptAsync(_test.Open())));

        var winner = runs[Array.FindIndex(outcomes, o => o is AcceptOutcome.Kept)];
        Assert.Equal(
            Enumerable.Repeat(winner.Id, 49), outcomes.OfType<AcceptOutcome.KeyTaken>().Select(o => o.RunId));
        Assert.Equal(1, await _test.Log.LastSeqAsync());
        Assert.Equal([winner.Id], (await _test.Log.ActiveAsync()).Select(r => r.Id));
    }

    [Fact]
    public async Task AcceptAsync_RepeatedAfterALostAnswer_NamesTheRunThatWasOffered()
    {
        var run = Run("m", "1");
        Assert.IsType<AcceptOutcome.Kept>(await run.AcceptAsync(_test.Log));

        Assert.Equal(new AcceptOutcome.KeyTaken(run.Id), await run.AcceptAsync(_test.Log));
    }

    [Fact]
    public async Task AcceptAsync_KeysWhosePartsRunTogether_AreDifferentRuns()
    {
        foreach (var (match, round) in new[] { ("a/b", "c"), ("a", "b/c"), ("a:b", "c"), ("a", "b:c"), ("ü {x}", "*") })
        {
            var run = Run(match, round);
            Assert.IsType<AcceptOutcome.Kept>(await run.AcceptAsync(_test.Log));
            var found = await _test.Log.FindAsync(new RunKey(match, round));
            Assert.Equal(run.Summary, found?.Summary);
            Assert.Equal(found, await _test.Log.FindAsync(run.Id));
        }
    }

    [Fact]
    public async Task AcceptAsync_AllPlacesTaken_IsFullUntilOneEnds()
    {
        var runs = Enumerable.Range(0, 3).Select(i => Run("m", $"{i}")).ToArray();
        Assert.IsType<AcceptOutcome.Kept>(await runs[0].AcceptAsync(_test.Log, maxRuns: 2));
        Assert.IsType<AcceptOutcome.Kept>(await runs[1].AcceptAsync(_test.Log, maxRuns: 2));

        var full = Assert.IsType<AcceptOutcome.Full>(await runs[2].AcceptAsync(_test.Log, maxRuns: 2));
        Assert.StartsWith("2 runs are active or queued, as many as are allowed", full.Reason, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(10), full.RetryAfter);
        Assert.Null(await _test.Log.FindAsync(runs[2].Id));
        Assert.IsType<AcceptOutcome.KeyTaken>(await Run("m", "0").AcceptAsync(_test.Log, maxRuns: 2));

        await runs[0].StartAsync(_test.Log);
        await runs[0].FinishAsync(_test.Log);
        Assert.IsType<AcceptOutcome.Kept>(await runs[2].AcceptAsync(_test.Log, maxRuns: 2));
    }

    [Fact]
    public async Task AcceptAsync_Full_SaysWhenToComeBackByWhatHasEndedLately()
    {
        async Task<double> WaitAsync() => Assert.IsType<AcceptOutcome.Full>(
            await Run("full", "1").AcceptAsync(_test.Log, maxRuns: 0)).RetryAfter.TotalSeconds;

        for (var i = 0; i < 4; i++)
        {
            await Run("m", $"{i}").CompleteAsync(_test.Log);
        }
        Assert.Equal(2.5, await WaitAsync());
        _test.Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(11, await WaitAsync());
        _test.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(60, await WaitAsync());
        for (var i = 0; i < 20; i++)
        {
            await Run("n", $"{i}").CompleteAsync(_test.Log);
        }
        Assert.Equal(1, await WaitAsync());
    }

    [Fact]
    public async Task AcceptAsync_ATenantWithMany_MustLeaveAnEighthOfWhatItHoldsFree()
    {
        var kept = new List<LoggedRun>();
        AcceptOutcome outcome;
        for (var i = 0; (outcome = await Accept("greedy", i)) is AcceptOutcome.Kept; i++)
        {
        }
        Assert.Equal(16, kept.Count);
        Assert.Equal(
            "'greedy' has 16 of 18 possible runs, and the last 2 are kept for others.",
            Assert.IsType<AcceptOutcome.Full>(outcome).Reason);
        Assert.IsType<AcceptOutcome.Kept>(await Accept("modest", 0));
        Assert.IsType<AcceptOutcome.Kept>(await Accept(null, 0));
        Assert.IsType<AcceptOutcome.Full>(await Accept(null, 1));

        await kept[0].StartAsync(_test.Log);
        await kept[0].FinishAsync(_test.Log);
        await kept[1].TurnAsync(_test.Log, new RunInput.CancelRun("enough"));
        await kept[2].TurnAsync(_test.Log, new RunInput.CancelRun("enough"));
        Assert.Equal(13, (long)await _test.Redis.HashGetAsync(_test.Key("tenants"), "greedy"));
        Assert.IsType<AcceptOutcome.Kept>(await Accept("greedy", 100));

        async Task<AcceptOutcome> Accept(string? tenant, int round)
        {
            var run = Run($"of {tenant}", $"{round}", tenant);
            var result = await run.AcceptAsync(_test.Log, maxRuns: 18);
            if (result is AcceptOutcome.Kept)
            {
                kept.Add(run);
            }
            return result;
        }
    }

    [Fact]
    public async Task AcceptAsync_ManyRunsOfOnePlan_KeepItsDefinitionOnce()
    {
        for (var i = 0; i < 5; i++)
        {
            var log = i % 2 == 0 ? _test.Log : _test.Open();
            Assert.IsType<AcceptOutcome.Kept>(await Run("m", $"{i}").AcceptAsync(log));
        }

        Assert.Single(await _test.KeysAsync(), k => k.StartsWith("plan:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AcceptAsync_APlanThatIsThoughtToBeThereAndIsNot_SendsIt()
    {
        var first = Run("m", "1");
        await first.CompleteAsync(_test.Log);
        _test.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(1, await _test.Log.SweepAsync(10));

        var second = Run("m", "1");
        Assert.IsType<AcceptOutcome.Kept>(await second.AcceptAsync(_test.Log));
        Assert.Equal(LoggedRun.Dump(second.State), LoggedRun.Dump((await _test.Open().ReplayAsync(second.Id))!));
    }

    private LoggedRun Run(string match, string round, string? tenant = null) =>
        new(LoggedRun.OneStep, match, round, _test.Time.Now, tenant);
}
