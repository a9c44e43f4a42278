using AgentGrid.Engine.Store;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests.Hosting;

/// <summary>A run log with keys of its own in the Redis of all tests.</summary>
public sealed class RedisStoreHost : IStoreHost
{
    private IConnectionMultiplexer? _connection;
    private TestLog? _test;
    private IRunStore? _store;

    public ManualTime Time => _test!.Time;

    public IRunStore Store => _store!;

    public IRunStore Another() => _test!.Open();

    public async Task StartAsync()
    {
        _connection = await SharedRedis.Server.ConnectAsync();
        _test = new TestLog(_connection, $"contract-{Guid.NewGuid():N}");
        _store = _test.Open();
    }

    public Task RestartAsync()
    {
        _store = _test!.Open();
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
    }
}
