namespace AgentGrid.Core.Placement;

/// <summary>One node that was considered for an attempt.</summary>
/// <param name="Score">Higher is better; comparable within one placement only.</param>
/// <param name="FreeSlots">How many attempts of the agent it could start, at that moment.</param>
/// <param name="Load">How busy it was: 0 is idle, 1 is full.</param>
/// <param name="FreeGpuMemoryBytes">On all its GPUs together; null when GPU memory is not accounted for.</param>
/// <param name="Note">What counted for or against it; null for nothing remarkable.</param>
public sealed record NodeCandidate(
    string Node, double Score, int FreeSlots, double Load, long? FreeGpuMemoryBytes = null, string? Note = null);
