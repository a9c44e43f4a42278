using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Tests.Hosting;

namespace AgentGrid.RunLog.Tests;

/// <summary>What is left in Redis of runs that have ended, and of those that are gone.</summary>
public sealed class KeysTests(SharedRedis redis)
{
    private readonly TestLog _test = redis.NewLog();

    [Fact]
    public async Task SweepAsync_EverythingIsOld_LeavesTheNumberAlone()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            var run = LoggedRun.Random(random, $"m{seed % 5}", $"{seed}", _test.Time.Now, seed % 2 == 0 ? "t" : null);
            await run.AcceptAsync(_test.Log);
            while (!await run.StepAsync(_test.Log, random))
            {
            }
        }
        _test.Time.Advance(TimeSpan.FromHours(30));

        Assert.Equal(30, await _test.Log.SweepAsync(1_000));

        Assert.Equal(["events:0", "seq"], await _test.KeysAsync());
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

    [Fact]
    public async Task Tenants_TheRunEndsAndIsRetried_AreCountedWhileItGoesOn()
    {
        var run = Run("1");
        await run.AcceptAsync(_test.Log);
        await run.StartAsync(_test.Log);
        Assert.Equal(1, await _test.Redis.HashGetAsync(_test.Key("tenants"), "t"));

        await run.FailAsync(_test.Log);
        Assert.False(await _test.Redis.KeyExistsAsync(_test.Key("tenants")));

        await run.TurnAsync(_test.Log, new RunInput.RetryRun());
        Assert.Equal(1, await _test.Redis.HashGetAsync(_test.Key("tenants"), "t"));

        await run.TurnAsync(_test.Log, new RunInput.CancelRun("enough"));
        Assert.False(await _test.Redis.KeyExistsAsync(_test.Key("tenants")));
    }

    [Fact]
    public async Task AppendAsync_ARunThatIsNotThere_WritesNothing()
    {
        var run = Run("1");

        Assert.IsType<AppendOutcome.Gone>(
            await _test.Log.AppendAsync(run.Id, 1, run.Decide(RunInput.StartRun.Instance), run.Summary));

        Assert.Empty(await _test.KeysAsync());
    }

    private LoggedRun Run(string round) => new(LoggedRun.OneStep, "m", round, _test.Time.Now, "t");
}
