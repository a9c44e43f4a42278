using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace AgentGrid.Core.Routing;

/// <summary>
/// Ranks agents: those with free slots before those without, these before those that fail, and these before those that are
/// drained or that no node can run; then by priority, then by load, then by name.
/// </summary>
public static class Router
{
    internal const string NoSlot = "no slot is free";

    private const string Drained = "it is drained";
    private const double FreeSlotBonus = 10_000_000;
    private const double FailingPenalty = 3_000_000;
    private const double PriorityWeight = 1_000;
    private const double MaxLoadPenalty = 999;

    /// <summary>The candidates, best first, each with the score that put it there.</summary>
    /// <param name="prefer">Those that have it come first whatever their scores are, unless they fail, are drained, or run nowhere.</param>
    public static ImmutableArray<RoutingCandidate> Rank(IReadOnlyList<AgentLoad> agents, LabelPreference? prefer = null)
    {
        var ranked = new RoutingCandidate[agents.Count];
        for (var i = 0; i < ranked.Length; i++)
        {
            ranked[i] = Candidate(agents[i]);
        }
        Array.Sort(ranked, static (a, b) => a.Score != b.Score
            ? b.Score.CompareTo(a.Score)
            : string.CompareOrdinal(a.Agent, b.Agent));
        return prefer is null ? ImmutableCollectionsMarshal.AsImmutableArray(ranked) : Prefer(ranked, agents, prefer);
    }

    private static ImmutableArray<RoutingCandidate> Prefer(
        RoutingCandidate[] ranked, IReadOnlyList<AgentLoad> agents, LabelPreference prefer) =>
    [
        .. ranked.Select(c => (Candidate: c, Has: prefer.Of(agents.First(a => a.Agent.Name == c.Agent).Agent)))
            .OrderByDescending(c => IsFit(c.Candidate) ? c.Has.Length : 0) // of equals the order stays
            .Select(static c => c.Has.IsEmpty ? c.Candidate : c.Candidate with { Matches = string.Join(", ", c.Has) }),
    ];

    /// <summary>Picks the best of the agents, and says why.</summary>
    public static RoutingDecision Best(IReadOnlyList<AgentLoad> agents, string asked, LabelPreference? prefer = null)
    {
        var ranked = Rank(agents, prefer);
        return ranked.IsEmpty
            ? new RoutingDecision(null, $"No enabled agent offers {asked}.", ranked)
            : new RoutingDecision(ranked[0].Agent, prefer is null ? Reason(ranked) : Reason(ranked, prefer), ranked);
    }

    private static string Reason(ImmutableArray<RoutingCandidate> ranked, LabelPreference prefer)
    {
        var first = ranked[0];
        var alone = IsFit(first) && first.Matches is not null && ranked.Length > 1 && ranked[1].Matches != first.Matches;
        return $"{prefer.InWords(first)}; " + (!alone ? Reason(ranked)
            : first.FreeSlots > 0 ? "the next candidate does not" : "the next candidate does not, so it waits for a slot");
    }

    private static RoutingCandidate Candidate(AgentLoad load)
    {
        var score = (load.Drained || load.Note is not null ? -FreeSlotBonus
            : load.IsAvoided ? -FailingPenalty
            : load.FreeSlots > 0 ? FreeSlotBonus : 0)
            + (PriorityWeight * load.Agent.Priority)
            - Math.Min(load.Load, MaxLoadPenalty);
        return new RoutingCandidate(
            load.Agent.Name, load.Agent.Priority, load.FreeSlots, Math.Round(load.Load, 3), Math.Round(score, 3),
            load.Drained ? Drained
                : load.Note ?? (load.IsAvoided ? load.Failing!.Value.InWords() : null) ?? (load.FreeSlots > 0 ? null : load.Full ?? NoSlot));
    }

    /// <summary>Whether it could have started an attempt: neither priority nor load outweighs that.</summary>
    internal static bool HasFreeSlot(RoutingCandidate candidate) => candidate.Score > FreeSlotBonus / 2;

    // Neither priority nor load makes up for it, nor makes a full one look like it.
    private static bool Fails(RoutingCandidate candidate) => CanRun(candidate) && candidate.Score < -FailingPenalty / 2;

    private static bool IsFit(RoutingCandidate candidate) => CanRun(candidate) && !Fails(candidate);

    private static bool CanRun(RoutingCandidate candidate) => candidate.Score > -FreeSlotBonus / 2;

    private static string Reason(ImmutableArray<RoutingCandidate> ranked)
    {
        var first = ranked[0];
        if (ranked.Length == 1)
        {
            return Fails(first) ? $"the only candidate; {first.Note}"
                : first.FreeSlots > 0 ? "the only candidate"
                : $"the only candidate; waits, as {first.Note}";
        }
        var second = ranked[1];
        if (!Fails(first) && Fails(second))
        {
            return first.FreeSlots > 0 ? "the next candidate is failing" : "waits for a slot; the next candidate is failing";
        }
        if (first.FreeSlots > 0 && second.FreeSlots == 0)
        {
            return "has a free slot, the next candidate has none";
        }
        if (CanRun(first) && !CanRun(second))
        {
            return $"waits for a slot; the next candidate {(second.Note == Drained ? "is drained" : "cannot run anywhere")}";
        }
        var waits = Fails(first) ? "; all of them are failing" : first.FreeSlots > 0 ? "" : "; none has a free slot, so it waits";
        if (first.Priority != second.Priority)
        {
            return $"highest priority{waits}";
        }
        return first.Load != second.Load ? $"least loaded of equal priority{waits}" : $"first by name among equals{waits}";
    }
}
