namespace AgentGrid.Embedded.Store;

/// <summary>Where and how a store of runs is kept in a file.</summary>
public sealed class SqliteStoreOptions
{
    /// <inheritdoc cref="EmbeddedOptions.Data"/>
    public string Data { get; set; } = new EmbeddedOptions().Data;

    /// <inheritdoc cref="EmbeddedOptions.Synchronous"/>
    public JournalSync Synchronous { get; set; } = new EmbeddedOptions().Synchronous;

    /// <inheritdoc cref="EmbeddedOptions.Retention"/>
    public TimeSpan Retention { get; set; } = new EmbeddedOptions().Retention;
}
