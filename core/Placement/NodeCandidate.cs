using System.Globalization;

namespace AgentGrid.Core.Placement;

/// <summary>One node that was considered for an attempt.</summary>
/// <param name="Score">
/// The order as one number, higher is better: 1,000 for a free slot, or less that for one that cannot run the agent; less 100
/// for each whole of load, 900 at most; 50 where the agent is loaded, 25 where the data is.
/// </param>
/// <param name="FreeSlots">How many attempts of the agent it could start, at that moment.</param>
/// <param name="Load">How busy it was: 0 is idle, 1 is full.</param>
/// <param name="FreeGpuMemoryBytes">On all its GPUs together; null when GPU memory is not accounted for.</param>
/// <param name="Note">What counted for or against it; null for nothing remarkable.</param>
public sealed record NodeCandidate(
    string Node, double Score, int FreeSlots, double Load, long? FreeGpuMemoryBytes = null, string? Note = null)
{
    /// <summary>The labels that the step prefers, that the agent has not, and the node has: <c>zone=eu</c>. Null for none.</summary>
    public string? Matches { get; init; }

    /// <summary>
    /// What the score is made of, and what decides among equals: <c>3 free slots, load 0.1, the agent is loaded, 4096 MiB of
    /// GPU memory free</c>.
    /// </summary>
    public string InWords()
    {
        var isFree = Placer.HasFreeSlot(this);
        string?[] parts =
        [
            !isFree ? Note ?? Placer.NoSlot : FreeSlots == 1 ? "1 free slot" : $"{FreeSlots} free slots",
            string.Create(CultureInfo.InvariantCulture, $"load {Load:0.###}"),
            Matches,
            isFree ? Note : null,
            FreeGpuMemoryBytes is { } bytes ? $"{bytes >> 20} MiB of GPU memory free" : null,
        ];
        return string.Join(", ", parts.OfType<string>());
    }
}
