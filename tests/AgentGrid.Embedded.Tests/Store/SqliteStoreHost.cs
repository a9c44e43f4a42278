using AgentGrid.Embedded.Store;
using AgentGrid.Engine.Store;
using AgentGrid.StoreContract;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Embedded.Tests.Store;

/// <summary>A store in a folder of its own.</summary>
public sealed class SqliteStoreHost : IStoreHost
{
    private readonly Scratch _folder = new();
    private SqliteRunStore? _store;

    public ManualTime Time { get; } = new();

    public IRunStore Store => _store!;

    public IRunStore Another() => Store;

    public Task StartAsync()
    {
        _store = SqliteRunStore.Open(
            new SqliteStoreOptions { Data = _folder.Folder, Retention = TimeSpan.FromHours(24) }, Time,
            NullLogger<SqliteRunStore>.Instance);
        return Task.CompletedTask;
    }

    public Task RestartAsync()
    {
        _store!.Abandon();
        return StartAsync();
    }

    public ValueTask DisposeAsync()
    {
        _store?.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
