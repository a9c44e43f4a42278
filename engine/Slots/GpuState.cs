using System.Collections.Immutable;

namespace AgentGrid.Engine.Slots;

/// <summary>One GPU of a node, as the node sees it.</summary>
/// <param name="Index">By which the node tells its GPUs apart.</param>
/// <param name="Name">For people.</param>
/// <param name="TotalBytes">The memory that attempts can be given.</param>
/// <param name="UsedByOthersBytes">What other processes occupy of it now.</param>
/// <param name="UsedHereBytes">
/// What the node occupies of it now, by attempts and by models that stay loaded; 0 when unknown.
/// </param>
public sealed record GpuState(
    int Index, string Name, long TotalBytes, long UsedByOthersBytes, long UsedHereBytes = 0)
{
    /// <summary>The agents that have run on it to the end: their models are part of what the node occupies.</summary>
    public ImmutableArray<string> WarmAgents { get; init; } = [];
}
