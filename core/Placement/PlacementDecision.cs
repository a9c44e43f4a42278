using System.Collections.Immutable;

namespace AgentGrid.Core.Placement;

/// <summary>Why an attempt runs where it runs: recorded on the attempt.</summary>
/// <param name="Node">The chosen node; null when none has room.</param>
/// <param name="Why">A few words for people.</param>
/// <param name="Candidates">The nodes that were considered, best first; of more than <see cref="Placer.MostCandidates"/>, the best of those with a free slot.</param>
/// <param name="Gpu">The index of the node's GPU whose memory the attempt occupies; null when it occupies none.</param>
public sealed record PlacementDecision(
    string? Node, string Why, ImmutableArray<NodeCandidate> Candidates, int? Gpu = null);
