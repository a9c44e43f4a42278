using AgentGrid.RunLog.Tests.Hosting;
using StackExchange.Redis;

[assembly: AssemblyFixture(typeof(SharedRedis))]

namespace AgentGrid.RunLog.Tests.Hosting;

/// <summary>One redis-server for all tests that do not need one of their own; each has its own keys there.</summary>
public sealed class SharedRedis : IAsyncLifetime
{
    private RedisServer? _server;
    private ConnectionMultiplexer? _connection;
    private int _logs;

    public IConnectionMultiplexer Connection => _connection!;

    public async ValueTask InitializeAsync()
    {
        _server = await RedisServer.StartAsync("--appendonly", "no");
        _connection = await _server.ConnectAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    /// <summary>An empty log.</summary>
    internal TestLog NewLog() => new(Connection, $"test-{Interlocked.Increment(ref _logs)}");
}
