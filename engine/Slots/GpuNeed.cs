namespace AgentGrid.Engine.Slots;

/// <summary>What an attempt occupies on one GPU.</summary>
/// <param name="Agent">The name of its agent.</param>
/// <param name="Bytes">0 for none.</param>
/// <param name="IsShared">All attempts of the agent on a GPU occupy that together, and not each of them.</param>
internal readonly record struct GpuNeed(string Agent, long Bytes, bool IsShared);
