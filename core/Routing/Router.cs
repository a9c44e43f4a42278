using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace AgentGrid.Core.Routing;

/// <summary>
/// Ranks agents: those with free slots before those without, these before those that fail, and these before those that are
/// drained or that no node can run; then those that are known to make it in time or not known to be late before others; then by
/// priority, then by load, then by name.
/// </summary>
public static class Router
{
    internal const string NoSlot = "no slot is free";

    private const string Drained = "it is drained";
    private const double FreeSlotBonus = 10_000_000;
    private const double FailingPenalty = 5_000_000;
    private const double LatePenalty = 2_500_000;
    private const double PriorityWeight = 1_000;
    private const double MaxLoadPenalty = 999;

    /// <summary>The candidates, best first, each with the score that put it there.</summary>
    /// <param name="prefer">
    /// Those that have it come first whatever their scores are, unless they fail, are drained, or run nowhere; or are late, where others
    /// are not.
    /// </param>
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
        RoutingCandidate[] ranked, IReadOnlyList<AgentLoad> agents, LabelPreference prefer)
    {
        var someAreInTime = Array.Exists(ranked, static c => IsFit(c) && c.Late is null);
        return
        [
            .. ranked.Select(c => (Candidate: c, Has: prefer.Of(agents.First(a => a.Agent.Name == c.Agent))))
                .OrderByDescending(c => IsFit(c.Candidate) && !(someAreInTime && c.Candidate.Late is not null) ? c.Has.Length : 0) // of equals the order stays
                .Select(static c => c.Candidate with { Matches = LabelPreference.InWords(c.Has) }),
        ];
    }

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
        var words = first.Matches is null && ranked.Any(static c => c.Matches is not null) ? prefer.NoneIsFit : prefer.InWords(first.Matches);
        return $"{words}; " + (!alone ? Reason(ranked)
            : first.FreeSlots > 0 ? "the next candidate does not" : "the next candidate does not, so it waits for a slot");
    }

    private static RoutingCandidate Candidate(AgentLoad load)
    {
        var score = (load.Drained || load.Note is not null ? -FreeSlotBonus
            : load.IsAvoided ? -FailingPenalty
            : (load.FreeSlots > 0 ? FreeSlotBonus : 0) - (load.Late is null ? 0 : LatePenalty))
            + (PriorityWeight * load.Agent.Priority)
            - Math.Min(load.Load, MaxLoadPenalty);
        return new RoutingCandidate(
            load.Agent.Name, load.Agent.Priority, load.FreeSlots, Math.Round(load.Load, 3), Math.Round(score, 3),
            load.Drained ? Drained : load.Note ?? (load.IsAvoided ? load.Failing!.Value.InWords() : Remark(load)))
        {
            Late = load.Late?.InWords(),
        };
    }

    private static string? Remark(AgentLoad load)
    {
        var full = load.FreeSlots > 0 ? null : load.Full ?? NoSlot;
        var nodes = load.FailingNodes is null ? [] : load.FailingNodes.Where(static n => n.State.IsAvoided).ToArray();
        var failing = nodes switch
        {
            [] => null,
            [var node] => $"on node '{node.Node}' {node.State.InWords()}",
            [var node, ..] => $"failing on {nodes.Length} nodes, as on '{node.Node}': {node.State.InWords()}",
        };
        return full is null || failing is null ? full ?? failing : $"{full}; {failing}";
    }

    /// <summary>Whether it could have started an attempt: neither priority nor load outweighs that.</summary>
    internal static bool HasFreeSlot(RoutingCandidate candidate) => candidate.Score > FreeSlotBonus / 2;

    // Neither priority nor load makes up for it, nor makes a full one look like it.
    private static bool Fails(RoutingCandidate candidate) => CanRun(candidate) && candidate.Score < -(FailingPenalty + LatePenalty) / 2;

    private static bool IsFit(RoutingCandidate candidate) => CanRun(candidate) && !Fails(candidate);

    private static bool CanRun(RoutingCandidate candidate) => candidate.Score > -(FreeSlotBonus + FailingPenalty) / 2;

    private static string Reason(ImmutableArray<RoutingCandidate> ranked) => ranked[0].Late is { } late
        ? $"{WhyFirst(ranked)}; {late}"
        : WhyFirst(ranked);

    private static string WhyFirst(ImmutableArray<RoutingCandidate> ranked)
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
        if (first.Late is null && second.Late is { } late && !Fails(first))
        {
            return $"{(first.FreeSlots > 0 ? "" : "waits for a slot; ")}the next candidate would be late: its {late}";
        }
        var waits = Fails(first) ? "; all of them are failing" : first.FreeSlots > 0 ? "" : "; none has a free slot, so it waits";
        if (first.Priority != second.Priority)
        {
            return $"highest priority{waits}";
        }
        return first.Load != second.Load ? $"least loaded of equal priority{waits}" : $"first by name among equals{waits}";
    }
}
