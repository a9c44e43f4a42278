using System.Collections.Immutable;

namespace AgentGrid.Core.Routing;

/// <summary>Why an attempt went where it went: recorded on the attempt, and answered by a dry run.</summary>
/// <param name="Agent">The chosen agent; null when none could be chosen.</param>
/// <param name="Why">One sentence for people.</param>
/// <param name="Candidates">Everyone who was considered, best first.</param>
public sealed record RoutingDecision(string? Agent, string Why, ImmutableArray<RoutingCandidate> Candidates);

/// <summary>One agent that was considered.</summary>
/// <param name="FreeSlots">How many attempts it could take at once, at that moment.</param>
/// <param name="Load">Running and waiting attempts per slot; 0 is idle, 1 is full.</param>
/// <param name="Score">Higher is better; comparable within one decision only.</param>
/// <param name="Note">What counted for or against it; null for nothing remarkable.</param>
public sealed record RoutingCandidate(
    string Agent, int Priority, int FreeSlots, double Load, double Score, string? Note = null);
