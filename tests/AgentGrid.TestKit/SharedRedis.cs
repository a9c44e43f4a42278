using StackExchange.Redis;

namespace AgentGrid.TestKit;

/// <summary>
/// One redis-server for all tests of an assembly that do not need one of their own; each has its own keys there. An
/// assembly that wants it says <c>[assembly: AssemblyFixture(typeof(SharedRedis))]</c>.
/// </summary>
public sealed class SharedRedis : IAsyncLifetime
{
    private static RedisServer? s_server;
    private static int s_prefixes;
    private ConnectionMultiplexer? _connection;

    public static RedisServer Server => s_server ?? throw new InvalidOperationException("Redis was not started.");

    public static string Address => $"127.0.0.1:{Server.Port}";

    public IConnectionMultiplexer Connection => _connection!;

    /// <summary>What keys begin with that nobody else uses; its keys are in one slot.</summary>
    public static string NewPrefix() => $"{{test-{Interlocked.Increment(ref s_prefixes)}}}";

    /// <summary>Removes every key that has a text in it.</summary>
    public static async Task ForgetAsync(string text)
    {
        await using var redis = await Server.ConnectAsync();
        await foreach (var key in redis.GetServers()[0].KeysAsync(pattern: $"*{text}*", pageSize: 1_000))
        {
            await redis.GetDatabase().KeyDeleteAsync(key);
        }
    }

    public async ValueTask InitializeAsync()
    {
        s_server = await RedisServer.StartAsync("--appendonly", "no");
        _connection = await s_server.ConnectAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
        if (s_server is not null)
        {
            await s_server.DisposeAsync();
        }
    }
}
