using System.Collections.Immutable;
using System.Globalization;

namespace AgentGrid.Core.Routing;

/// <summary>Why an attempt went where it went: recorded on the attempt, and answered by a dry run.</summary>
/// <param name="Agent">The chosen agent; null when none could be chosen.</param>
/// <param name="Why">One sentence for people.</param>
/// <param name="Candidates">Everyone who was considered, best first.</param>
public sealed record RoutingDecision(string? Agent, string Why, ImmutableArray<RoutingCandidate> Candidates);

/// <summary>One agent that was considered.</summary>
/// <param name="FreeSlots">How many attempts it could take at once, at that moment.</param>
/// <param name="Load">Running and waiting attempts per slot; 0 is idle, 1 is full.</param>
/// <param name="Score">
/// The order as one number, higher is better: 10,000,000 for a free slot, or less that for one that is drained or can run
/// nowhere, or less 5,000,000 for one that is failing; less 2,500,000 for one that would be late; 1,000 for each point of
/// priority; less the load, 999 at most.
/// </param>
/// <param name="Note">What counted for or against it; null for nothing remarkable.</param>
public sealed record RoutingCandidate(
    string Agent, int Priority, int FreeSlots, double Load, double Score, string? Note = null)
{
    /// <summary>The labels that the step prefers, and that it has, or a node that can run it: <c>lang=de</c>. Null for none.</summary>
    public string? Matches { get; init; }

    /// <summary>Why it would be late: <c>p99 8.2 s is over the 5 s that are left</c>. Null where it would not, or that is not known.</summary>
    public string? Late { get; init; }

    /// <summary>What the score is made of, by weight: <c>3 free slots, priority 10, load 0.25</c>.</summary>
    public string InWords() => string.Create(
        CultureInfo.InvariantCulture, $"{Slots()}, priority {Priority}, load {Load:0.###}{After(Matches)}{After(Late)}{After(Router.HasFreeSlot(this) ? Note : null)}");

    private static string After(string? what) => what is null ? "" : $", {what}";

    private string Slots() => !Router.HasFreeSlot(this) ? Note ?? Router.NoSlot
        : FreeSlots == 1 ? "1 free slot"
        : $"{FreeSlots} free slots";
}
