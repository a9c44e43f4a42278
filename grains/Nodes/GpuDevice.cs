namespace AgentGrid.Grains.Nodes;

/// <summary>One GPU as it is now.</summary>
/// <param name="UsedByOthersBytes">Memory that other processes use.</param>
internal sealed record GpuDevice(int Index, string Name, long TotalBytes, long UsedByOthersBytes);
