using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Placement;

/// <summary>
/// Ranks nodes for an attempt of an agent: those with a free slot before those without. Of these, those come first that have more
/// of the labels that are preferred and that the agent itself does not have; then less load is better;
/// an agent that is loaded already makes up for half a node's load, data that is there for a quarter. Equals go by free
/// GPU memory, when the agent needs any, and then by name.
/// </summary>
public static class Placer
{
    /// <summary>How many candidates a placement names at most: it is kept with every attempt.</summary>
    public const int MostCandidates = 16;

    internal const string NoSlot = "no slot is free";

    private const double FreeSlotBonus = 1_000;
    private const double RefusalPenalty = 1_000;
    private const double LoadWeight = 100;
    private const double MostLoad = 9;
    private const double WarmBonus = 50;
    private const double NearBonus = 25;

    /// <summary>Picks the best node, and says why.</summary>
    /// <param name="nodes">In any order; the answer does not depend on it.</param>
    /// <param name="prefer">The labels that its step prefers; null for none.</param>
    /// <param name="others">How many more there are, which are left out: none of them would come first.</param>
    public static PlacementDecision Best(
        IReadOnlyList<NodeLoad> nodes, AgentConfig agent, LabelPreference? prefer = null, int others = 0)
    {
        prefer = prefer?.Without(agent);
        if (nodes.Count == 0)
        {
            return new PlacementDecision(null, "there is no node", []);
        }
        var ranked = new Ranked[nodes.Count];
        for (var i = 0; i < ranked.Length; i++)
        {
            var has = prefer?.OfNode(nodes[i].Labels) ?? [];
            ranked[i] = new Ranked(nodes[i], Score(nodes[i]), has.Length, LabelPreference.InWords(has));
        }
        var byMemory = agent.Resources.GpuMemoryBytes > 0;
        Array.Sort(ranked, (a, b) => Compare(a, b, byMemory));
        var candidates = ranked.Take(MostCandidates).Select(Candidate).ToImmutableArray();
        var best = ranked[0].Load;
        if (IsFree(best))
        {
            return new PlacementDecision(best.Node, Reason(ranked, byMemory, prefer, others), candidates);
        }
        var why = best.Refusal is null ? "no node has a free slot" : $"no node can run '{agent.Name}'";
        return new PlacementDecision(null, why, candidates);
    }

    /// <summary>Whether it could have started an attempt: the busiest that can has a better score than all that cannot.</summary>
    internal static bool HasFreeSlot(NodeCandidate candidate) => candidate.Score >= FreeSlotBonus - (LoadWeight * MostLoad);

    private static bool IsFree(NodeLoad node) => node.Refusal is null && node.FreeSlots > 0;

    /// <summary>See <see cref="NodeCandidate.Score"/>.</summary>
    public static double Score(NodeLoad node) => Math.Round(
        (node.Refusal is not null ? -RefusalPenalty : node.FreeSlots > 0 ? FreeSlotBonus : 0)
        - (LoadWeight * Math.Clamp(node.Load, 0, MostLoad))
        + (node.IsWarm ? WarmBonus : 0)
        + (node.IsNear ? NearBonus : 0), 3);

    private static int Compare(in Ranked a, in Ranked b, bool byMemory)
    {
        var order = IsFree(a.Load) && IsFree(b.Load) ? b.Has.CompareTo(a.Has) : 0;
        order = order != 0 ? order : b.Score.CompareTo(a.Score);
        if (order == 0 && byMemory)
        {
            order = Nullable.Compare(b.Load.FreeGpuMemoryBytes, a.Load.FreeGpuMemoryBytes);
        }
        return order != 0 ? order : string.CompareOrdinal(a.Load.Node, b.Load.Node);
    }

    private static NodeCandidate Candidate(Ranked ranked)
    {
        var node = ranked.Load;
        return new NodeCandidate(
            node.Node, ranked.Score, node.FreeSlots, Math.Round(node.Load, 3), node.FreeGpuMemoryBytes,
            node.Refusal ?? (node.FreeSlots <= 0 ? node.Full ?? NoSlot : Merits(node)))
        {
            Matches = ranked.Matches,
        };
    }

    private static string? Merits(NodeLoad node) => (node.IsWarm, node.IsNear) switch
    {
        (true, true) => "the agent is loaded and the data is there",
        (true, false) => "the agent is loaded",
        (false, true) => "the data is there",
        (false, false) => null,
    };

    private static string Reason(Ranked[] ranked, bool byMemory, LabelPreference? prefer, int others) =>
        prefer is null || !Array.Exists(ranked, static r => r.Has > 0) ? Reason(ranked, byMemory, others)
        : ranked.Length > 1 && IsFree(ranked[1].Load) && ranked[0].Has > ranked[1].Has
            ? $"{prefer.InWords(ranked[0].Matches)}; next is '{ranked[1].Load.Node}'"
        : ranked[0].Matches is null ? $"{prefer.NoneIsFit}; {Reason(ranked, byMemory, others)}"
        : $"{prefer.InWords(ranked[0].Matches)}; {Reason(ranked, byMemory, others)}";

    private static string Reason(Ranked[] ranked, bool byMemory, int others)
    {
        if (ranked.Length == 1)
        {
            return others == 0 ? "the only node" : "the only node with a free slot";
        }
        var (first, second) = (ranked[0].Load, ranked[1].Load);
        if (!IsFree(second))
        {
            return "the only node with a free slot";
        }
        if (ranked[0].Score == ranked[1].Score)
        {
            return byMemory && first.FreeGpuMemoryBytes != second.FreeGpuMemoryBytes
                ? "most free GPU memory among equals"
                : "first by name among equals";
        }
        var reasons = new List<string>(3);
        if (first.IsWarm && !second.IsWarm)
        {
            reasons.Add("the agent is loaded there");
        }
        if (first.IsNear && !second.IsNear)
        {
            reasons.Add("the data is there");
        }
        if (first.Load < second.Load)
        {
            reasons.Add("less loaded");
        }
        return $"{string.Join(", ", reasons)}; next is '{second.Node}'";
    }

    /// <param name="Has">How many of the preferred labels it has.</param>
    private readonly record struct Ranked(NodeLoad Load, double Score, int Has, string? Matches);
}
