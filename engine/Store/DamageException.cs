using AgentGrid.Core.Grid;

namespace AgentGrid.Engine.Store;

/// <summary>What a store has kept is damaged; the message says which record, why, and the remedy.</summary>
/// <param name="run">The id of the run that is damaged, or what stands in its place; null: it is the store itself.</param>
/// <param name="what">Which record, and what is wrong with it, without the remedy.</param>
public sealed class DamageException(string? run, string what, string message, Exception? inner = null)
    : KeptDataException(message, inner)
{
    /// <summary>The id of the run that is damaged, or what stands in its place; null: it is the store itself.</summary>
    public string? Run { get; } = run;

    /// <summary>Which record, and what is wrong with it, without the remedy.</summary>
    public string What { get; } = what;
}
