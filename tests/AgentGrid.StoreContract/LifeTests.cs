using AgentGrid.Core.Runs;

namespace AgentGrid.StoreContract;

/// <summary>When no process was there to drive runs.</summary>
public abstract class LifeTests<THost> : StoreTests<THost>
    where THost : IStoreHost, new()
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(6);

    [Fact]
    public async Task StayAliveAsync_OftenEnough_KnowsOfNoOutage()
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.Null(await Store.StayAliveAsync(s_longest));
            Time.Advance(s_longest);
        }
    }

    [Fact]
    public async Task StayAliveAsync_AfterAPauseThatWasTooLong_KnowsItFromThenOn()
    {
        await Store.StayAliveAsync(s_longest);
        var since = Time.Now;
        Time.Advance(TimeSpan.FromMinutes(10));
        var outage = new Outage(since, Time.Now);

        Assert.Equal(outage, await Store.StayAliveAsync(s_longest));

        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(outage, await Store.StayAliveAsync(s_longest));
    }

    [Fact]
    public async Task StayAliveAsync_ProcessIsAwayForLong_SaysSinceWhen()
    {
        await Store.StayAliveAsync(s_longest);
        var since = Time.Now;
        await Host.RestartAsync();
        Time.Advance(TimeSpan.FromHours(3));

        Assert.Equal(new Outage(since, Time.Now), await Store.StayAliveAsync(s_longest));
    }
}
