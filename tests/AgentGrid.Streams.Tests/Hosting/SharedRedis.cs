using AgentGrid.RunLog.Tests.Hosting;
using AgentGrid.Streams.Tests.Hosting;
using StackExchange.Redis;

[assembly: AssemblyFixture(typeof(SharedRedis))]

namespace AgentGrid.Streams.Tests.Hosting;

/// <summary>One redis-server for all tests that do not need one of their own; each has its own keys there.</summary>
public sealed class SharedRedis : IAsyncLifetime
{
    private static int s_queues;

    private RedisServer? _server;
    private ConnectionMultiplexer? _connection;

    public IConnectionMultiplexer Connection => _connection!;

    internal RedisServer Server => _server!;

    /// <summary>What keys begin with that nobody else uses.</summary>
    public static string NewPrefix() => $"{{test-{Interlocked.Increment(ref s_queues)}}}";

    internal TestQueue NewQueue() => new(Connection);

    public async ValueTask InitializeAsync()
    {
        Assert.True(RedisServer.Program is not null, "There is no redis-server on the path: apt-get install redis-server.");
        _server = await RedisServer.StartAsync("--appendonly", "no");
        _connection = await _server.ConnectAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _connection!.DisposeAsync();
            await _server.DisposeAsync();
        }
    }
}
