using AgentGrid.RunLog.Connections;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

/// <summary>A replica is a moment behind: what it says is not what is.</summary>
public sealed class ReplicaTests
{
    [Fact]
    public async Task Read_OnlyTheReplicaIsThere_IsNotAnswered()
    {
        await using var primary = await RedisServer.StartAsync("--repl-diskless-sync-delay", "0");
        await using var replica = await RedisServer.StartAsync("--replicaof", $"127.0.0.1 {primary.Port}");
        await using var admin = await replica.ConnectAsync();
        await Limits.UntilAsync(
            async () => $"{await admin.GetDatabase().ExecuteAsync("INFO", "replication")}".Contains(
                "master_link_status:up", StringComparison.Ordinal),
            () => "the replica has not connected");
        await using var both = RedisConnection.Connect($"127.0.0.1:{primary.Port},127.0.0.1:{replica.Port}");
        var log = new RedisRunLog(both, new RunLogOptions(), TimeProvider.System);
        Assert.Equal(0, await log.LastSeqAsync());
        Assert.Null(await log.FindAsync(Core.RunId.From(Guid.CreateVersion7())));

        primary.Kill();

        await RefusesAsync(log.LastSeqAsync);
        await RefusesAsync(() => log.FindAsync(Core.RunId.From(Guid.CreateVersion7())));
    }

    private static async Task RefusesAsync(Func<Task> read)
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(read);
        Assert.True(refused is RedisException or TimeoutException, $"{refused}");
    }
}
