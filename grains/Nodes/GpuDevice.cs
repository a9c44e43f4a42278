namespace AgentGrid.Grains.Nodes;

/// <summary>One GPU as it is now.</summary>
/// <param name="UsedByOthersBytes">Memory that processes other than this node use.</param>
/// <param name="UsedHereBytes">Memory that this process and its child processes use.</param>
internal sealed record GpuDevice(int Index, string Name, long TotalBytes, long UsedByOthersBytes, long UsedHereBytes);
