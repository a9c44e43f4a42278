using System.Globalization;
using AgentGrid.RunLog.Connections;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

/// <summary>A replica is a moment behind, and so is a primary in whose place another was promoted: what they say is not what is.</summary>
public sealed class ReplicaTests
{
    [Fact]
    public async Task Read_OnlyTheReplicaIsThere_IsNotAnswered()
    {
        await using var primary = await RedisServer.StartAsync("--repl-diskless-sync-delay", "0");
        await using var replica = await ReplicaAsync(primary);
        await using var both = RedisConnection.Connect($"127.0.0.1:{primary.Port},127.0.0.1:{replica.Port}");
        var log = new RedisRunLog(both, new RunLogOptions(), TimeProvider.System);
        Assert.Equal(0, await log.LastSeqAsync());
        Assert.Null(await log.FindAsync(Core.RunId.From(Guid.CreateVersion7())));

        primary.Kill();

        await Task.WhenAll(RefusesAsync(log.LastSeqAsync), RefusesAsync(() => log.FindAsync(Core.RunId.From(Guid.CreateVersion7()))));
    }

    [Fact]
    public async Task Write_AReplicaWasPromotedAndTheOldPrimaryIsThere_GoesToTheNewOneAlone()
    {
        await using var primary = await RedisServer.StartAsync("--repl-diskless-sync-delay", "0");
        await using var replica = await ReplicaAsync(primary);
        await using var old = await primary.ConnectAsync();
        await using var promoted = await replica.ConnectAsync();
        await using var both = RedisConnection.Connect($"127.0.0.1:{primary.Port},127.0.0.1:{replica.Port}");
        var redis = both.GetDatabase();
        await redis.StringSetAsync("written", "before");
        Assert.Equal("before", await old.GetDatabase().StringGetAsync("written"));
        Assert.StartsWith("primary.127.0.0.1", RedisConnection.Format(both.GetEndPoints()[0]), StringComparison.Ordinal);

        await promoted.GetDatabase().ExecuteAsync("REPLICAOF", "NO", "ONE");

        await Limits.UntilAsync(
            async () =>
            {
                await TriedAsync(redis, "after");
                return await promoted.GetDatabase().StringGetAsync("written") == "after";
            },
            () => "nothing has come to the new primary");
        await old.GetDatabase().StringSetAsync("written", "old");
        for (var i = 0; i < 40; i++)
        {
            await redis.StringSetAsync("written", i.ToString(CultureInfo.InvariantCulture));
            Assert.Equal(i, await promoted.GetDatabase().StringGetAsync("written"));
        }
        Assert.Equal("old", await old.GetDatabase().StringGetAsync("written"));

        // Nor is it asked when the new one is away.
        replica.Kill();
        await RefusesAsync(() => redis.StringSetAsync("written", "while away"));
        Assert.Equal("old", await old.GetDatabase().StringGetAsync("written"));
    }

    [Fact]
    public async Task Made_AReplicaIsThereAndThenGone_IsInItAndThenRefused()
    {
        await using var primary = await RedisServer.StartAsync("--repl-diskless-sync-delay", "0");
        await using var replica = await ReplicaAsync(primary);
        await using var connection = await primary.ConnectAsync();
        await using var other = await replica.ConnectAsync();
        var (redis, copies) = (connection.GetDatabase(), new Copies(connection.GetDatabase(), replicas: 1));
        for (var i = 0; i < 200; i++)
        {
            await redis.StringSetAsync("written", i);
            await Limits.UntilAsync(() => IsCopiedAsync(copies), () => "the replica does not follow");
            Assert.Equal(i, await other.GetDatabase().StringGetAsync("written"));
        }

        replica.Kill();
        await redis.StringSetAsync("written", "alone");

        await Assert.ThrowsAsync<RedisServerException>(() => Task.WhenAll(copies.MadeAsync(), copies.MadeAsync()));
    }

    private static async Task<RedisServer> ReplicaAsync(RedisServer primary)
    {
        var replica = await RedisServer.StartAsync("--replicaof", $"127.0.0.1 {primary.Port}");
        await using var admin = await replica.ConnectAsync();
        await Limits.UntilAsync(
            async () => $"{await admin.GetDatabase().ExecuteAsync("INFO", "replication")}".Contains(
                "master_link_status:up", StringComparison.Ordinal),
            () => "the replica has not connected");
        return replica;
    }

    // A machine that has much else to do takes its time.
    private static async Task<bool> IsCopiedAsync(Copies copies)
    {
        try
        {
            await copies.MadeAsync();
            return true;
        }
        catch (RedisServerException)
        {
            return false;
        }
    }

    // A write that meets the connection as it is broken is refused.
    private static async Task TriedAsync(IDatabase redis, string value)
    {
        try
        {
            await redis.StringSetAsync("written", value);
        }
        catch (Exception e) when (e is RedisException or TimeoutException or OperationCanceledException or IOException)
        {
            Assert.IsNotType<RedisServerException>(e);
        }
        await Task.Delay(50);
    }

    private static async Task RefusesAsync(Func<Task> call)
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(call);
        Assert.True(refused is RedisException or TimeoutException, $"{refused}");
    }
}
