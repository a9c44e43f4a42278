using AgentGrid.Core.Grid;

namespace AgentGrid.Conformance.Hosting;

/// <summary>One engine over storage of its own, as the conformance tests drive it. Disposing it removes the storage.</summary>
public interface IGridHost : IAsyncDisposable
{
    /// <summary>The engine that runs now.</summary>
    IAgentGrid Grid { get; }

    /// <summary>Starts the engine over this host's storage, with whatever earlier runs are in there.</summary>
    Task StartAsync(GridSetup setup);

    /// <summary>Stops as an operator does: what runs is drained.</summary>
    Task StopAsync();

    /// <summary>
    /// Ends the engine as SIGKILL does: nothing is drained, flushed or recorded any more, and what was not durable
    /// is gone. Tokens of invocations are cancelled, for the process that they ran in is dead.
    /// </summary>
    Task CrashAsync();

    /// <summary>Where artifacts are; it may not be there before the first.</summary>
    string ArtifactFolder { get; }

    /// <summary>Removes artifacts that nobody needs, however new they are.</summary>
    Task SweepArtifactsAsync();

    /// <summary>Writes a configuration file, and returns when the running engine has read it, for good or ill.</summary>
    Task EditAsync(string name, string text);

    /// <summary>Does something to the folder of the configuration, and returns when the running engine has noticed.</summary>
    Task EditAsync(Action<string> edit);
}
