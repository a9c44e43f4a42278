using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

/// <summary>Machines have clocks of their own, and they can be minutes apart.</summary>
public sealed class ClocksTests
{
    [Fact]
    public async Task StayAliveAsync_ASiloWithAClockAheadComes_NobodyWasAway()
    {
        await using var redis = await SharedRedis.Server.ConnectAsync();
        var options = new RunLogOptions { KeyPrefix = $"clocks-{Guid.NewGuid():N}" };
        var ahead = new ManualTime();
        ahead.Advance(TimeSpan.FromMinutes(3));
        var (here, comes) = (Log(redis, options, new ManualTime()), Log(redis, options, ahead));
        var longest = Limits.Patience;

        Assert.Null(await here.StayAliveAsync(longest));
        Assert.Null(await comes.StayAliveAsync(longest));
        Assert.Null(await here.StayAliveAsync(longest));
    }

    private static RedisRunLog Log(IConnectionMultiplexer redis, RunLogOptions options, TimeProvider time) =>
        new(redis, options, time);
}
