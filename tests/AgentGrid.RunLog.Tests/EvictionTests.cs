using AgentGrid.RunLog.Tests.Hosting;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

/// <summary>A Redis that may be told to drop keys when its memory is full.</summary>
public sealed class EvictionTests
{
    private readonly CancellationToken _test = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("noeviction", false)]
    [InlineData("allkeys-lru", true)]
    [InlineData("allkeys-lfu", true)]
    [InlineData("allkeys-random", true)]
    // They drop keys with an expiry alone, and a log has none.
    [InlineData("volatile-lru", false)]
    [InlineData("volatile-lfu", false)]
    [InlineData("volatile-random", false)]
    [InlineData("volatile-ttl", false)]
    public async Task FindEviction_PolicyOfRedis_IsToldWhereItDropsRuns(string policy, bool drops)
    {
        await using var server = await RedisServer.StartAsync("--maxmemory", "100mb", "--maxmemory-policy", policy);
        var options = server.Connection;
        options.AllowAdmin = false;
        await using var connection = await ConnectionMultiplexer.ConnectAsync(options);

        Assert.Equal(drops ? policy : null, await new TestLog(connection, "evicted").Log.FindEvictionAsync());
    }

    [Fact]
    public async Task FindEviction_NoLogHasKeysWithAnExpiry_SoVolatilePoliciesAreHarmless()
    {
        await using var server = await RedisServer.StartAsync();
        await using var connection = await server.ConnectAsync();
        var test = new TestLog(connection, "lasting");
        var run = new LoggedRun(LoggedRun.OneStep, "m", "1", test.Time.Now);
        await run.CompleteAsync(test.Log);

        var keys = await test.KeysAsync();

        Assert.NotEmpty(keys);
        foreach (var key in keys)
        {
            Assert.Null(await test.Redis.KeyTimeToLiveAsync(test.Key(key)));
        }
    }

    [Fact]
    public async Task FindEviction_UserMayNotAsk_SaysNothing()
    {
        await using var server = await RedisServer.StartAsync("--maxmemory-policy", "allkeys-lru");
        await using (var admin = await server.ConnectAsync())
        {
            await admin.GetDatabase().ExecuteAsync("ACL", "SETUSER", "curt", "on", ">word", "~*", "&*", "+@all", "-info", "-config");
        }
        var options = server.Connection;
        (options.User, options.Password) = ("curt", "word");
        await using var connection = await ConnectionMultiplexer.ConnectAsync(options);

        Assert.Null(await new TestLog(connection, "evicted").Log.FindEvictionAsync());
    }

    [Fact]
    public async Task FindEviction_RedisIsGone_Throws()
    {
        await using var server = await RedisServer.StartAsync();
        var options = server.Connection;
        options.AsyncTimeout = 500;
        await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
        server.Kill();

        await Assert.ThrowsAnyAsync<RedisException>(
            () => new TestLog(connection, "evicted").Log.FindEvictionAsync().WaitAsync(Limits.Patience, _test));
    }
}
