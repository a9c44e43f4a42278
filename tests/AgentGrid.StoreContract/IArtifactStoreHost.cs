using AgentGrid.Core.Grid;
using AgentGrid.Engine.Artifacts;

namespace AgentGrid.StoreContract;

/// <summary>Where a store of artifacts keeps what a test writes. Disposing it removes all of it.</summary>
public interface IArtifactStoreHost : IAsyncDisposable
{
    /// <summary>A store, as one process has it; all of a host have the same artifacts.</summary>
    IArtifactStore Open(ArtifactOptions options);

    /// <summary>How many files or keys there are with bytes in them, those half written included.</summary>
    Task<int> CountAsync();
}
