namespace AgentGrid.Core.Placement;

/// <summary>One node as the <see cref="Placer"/> sees it for one agent at one moment.</summary>
/// <param name="FreeSlots">How many attempts of the agent it could start now, slots and GPU memory counted in.</param>
/// <param name="Load">How busy it is: 0 is idle, 1 is full.</param>
/// <param name="FreeGpuMemoryBytes">On all its GPUs together; null when GPU memory is not accounted for.</param>
/// <param name="IsWarm">It has the agent loaded already.</param>
/// <param name="IsNear">The attempt's data is there.</param>
/// <param name="Refusal">Why it cannot run the agent, whatever its load; null when it can.</param>
/// <param name="Full">Why it cannot start one more just now; null when it can, or nothing is known.</param>
public sealed record NodeLoad(
    string Node, int FreeSlots, double Load, long? FreeGpuMemoryBytes = null, bool IsWarm = false, bool IsNear = false,
    string? Refusal = null, string? Full = null)
{
    /// <summary>By which it can be preferred; null for none.</summary>
    public Labels? Labels { get; init; }
}
