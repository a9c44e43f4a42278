using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.RunLog.Tests.Hosting;

[assembly: AssemblyFixture(typeof(SharedRedis))]

namespace AgentGrid.Cluster.Tests.Hosting;

/// <summary>One redis-server for all tests that do not need one of their own; each has its own keys there.</summary>
public sealed class SharedRedis : IAsyncLifetime
{
    private static RedisServer? s_server;

    internal static RedisServer Server => s_server ?? throw new InvalidOperationException("Redis was not started.");

    internal static string Address => $"127.0.0.1:{Server.Port}";

    /// <summary>Removes every key that begins with a prefix.</summary>
    internal static async Task ForgetAsync(string prefix)
    {
        await using var redis = await Server.ConnectAsync();
        await foreach (var key in redis.GetServers()[0].KeysAsync(pattern: $"*{prefix}*", pageSize: 1_000))
        {
            await redis.GetDatabase().KeyDeleteAsync(key);
        }
    }

    public async ValueTask InitializeAsync() => s_server = await RedisServer.StartAsync("--appendonly", "no");

    public async ValueTask DisposeAsync()
    {
        if (s_server is not null)
        {
            await s_server.DisposeAsync();
        }
    }
}
