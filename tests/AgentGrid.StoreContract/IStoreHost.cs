using AgentGrid.Engine.Store;

namespace AgentGrid.StoreContract;

/// <summary>A store of runs, empty when it is made, as the tests of the contract use it. Ended runs are kept for 24 hours.</summary>
public interface IStoreHost : IAsyncDisposable
{
    /// <summary>The clock of the store.</summary>
    ManualTime Time { get; }

    /// <summary>The store.</summary>
    IRunStore Store { get; }

    /// <summary>
    /// The store as another process sees it; the same one, where it is kept for one process alone.
    /// </summary>
    IRunStore Another();

    Task StartAsync();

    /// <summary>The process ends, and another one goes on with what is kept.</summary>
    Task RestartAsync();
}
