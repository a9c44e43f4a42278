using AgentGrid.Core;

namespace AgentGrid.Engine.Store;

/// <summary>How a store speaks of its damage.</summary>
/// <param name="Store">What it is called, as a sentence begins.</param>
/// <param name="Remedy">What to do; whole sentences.</param>
public sealed record DamageText(string Store, string Remedy)
{
    /// <summary>A run is damaged.</summary>
    /// <param name="run">Its id, or what stands in its place.</param>
    /// <param name="what">Which record, and what is wrong with it, as a sentence goes on; without a full stop.</param>
    /// <param name="key">With empty parts where it is not known.</param>
    public DamageException OfRun(string run, string what, RunKey key = default, Exception? inner = null)
    {
        var told = string.IsNullOrEmpty(key.MatchId) ? $"run {run} {what}" : $"run {run} ('{key}') {what}";
        return new DamageException(run, told, $"{Store} is damaged: {told}. {Remedy}", inner);
    }

    /// <summary>The store itself is damaged, or what belongs to no run.</summary>
    /// <param name="what">Which part, and what is wrong with it; without a full stop.</param>
    public DamageException OfAll(string what, Exception? inner = null) =>
        new(null, what, $"{Store} is damaged: {what}. {Remedy}", inner);
}
