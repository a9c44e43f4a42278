namespace AgentGrid.Runtime.Slots;

/// <summary>One GPU of a node, as the node sees it.</summary>
/// <param name="Index">By which the node tells its GPUs apart.</param>
/// <param name="Name">For people.</param>
/// <param name="TotalBytes">The memory that attempts can be given.</param>
/// <param name="UsedByOthersBytes">What other processes occupy of it now.</param>
public sealed record GpuState(int Index, string Name, long TotalBytes, long UsedByOthersBytes);
