using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Tests.Hosting;

namespace AgentGrid.RunLog.Tests;

public sealed class AcceptTests(SharedRedis redis)
{
    private readonly TestLog _test = redis.NewLog();

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
