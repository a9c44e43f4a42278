using AgentGrid.Core.Placement;
using AgentGrid.Engine.Admission;

namespace AgentGrid.Engine.Slots;

/// <summary>A class of hardware. Guarded by the table's lock.</summary>
internal sealed class QueueSlots(string name)
{
    private readonly FairQueue<(string Tenant, string? Flow)> _flows = new();
    private readonly NodeTree?[] _strangers = new NodeTree?[2];
    private int[] _inUse = [];

    public string Name { get; } = name;
    public List<AgentSlots> Agents { get; } = [];

    /// <summary>Of each node; null for no limit of its own.</summary>
    public int? Slots { get; set; }

    /// <summary>A slot that its agents could use is free, and has not been granted to anybody yet.</summary>
    public bool IsOwed { get; set; }

    /// <summary>Who waits for any of its agents, and whose turn it is.</summary>
    public FairQueue<string> Turns { get; } = new();

    /// <summary>Whether a node has the hardware.</summary>
    public bool IsServedBy(SlotNode node) => node.State.Queues is not { } queues || queues.Contains(Name);

    public int InUse(SlotNode node) => node.Index < _inUse.Length ? _inUse[node.Index] : 0;

    public int Free(SlotNode node) => (Slots ?? int.MaxValue) - InUse(node);

    /// <summary>0 is idle, 1 is full.</summary>
    public double Load(SlotNode node)
    {
        long slots = Slots ?? 0;
        if (slots == 0)
        {
            foreach (var agent in Agents)
            {
                slots += agent.Config.Enabled ? agent.Config.MaxConcurrency : 0;
            }
        }
        return slots == 0 ? 0 : (double)InUse(node) / slots;
    }

    public void Count(SlotNode node, int change)
    {
        if (node.Index >= _inUse.Length)
        {
            Array.Resize(ref _inUse, node.Index + 1);
        }
        _inUse[node.Index] += change;
    }

    /// <summary>The nodes that serve it, as any agent has them that is not known there.</summary>
    public NodeTree Strangers(SlotNodes nodes, bool byMemory)
    {
        ref var tree = ref _strangers[byMemory ? 1 : 0];
        if (tree is null || tree.Capacity < nodes.Indices)
        {
            tree = new NodeTree(nodes.Indices, byMemory, RankOf);
            foreach (var node in nodes.All)
            {
                tree.Touch(node);
            }
        }
        return tree;
    }

    /// <summary>A node has changed.</summary>
    public void Touch(SlotNode node)
    {
        foreach (var tree in _strangers)
        {
            if (tree?.Capacity > node.Index)
            {
                tree.Touch(node);
            }
        }
    }

    /// <summary>A node is gone.</summary>
    public void Forget(SlotNode node)
    {
        foreach (var tree in _strangers)
        {
            if (tree?.Capacity > node.Index)
            {
                tree.Remove(node);
            }
        }
    }

    /// <summary>What is known of nodes is found again when it is asked for.</summary>
    public void ForgetRanks() => Array.Clear(_strangers);

    /// <summary>One more request waits for one of its agents.</summary>
    public void Join(SlotRequest request)
    {
        Turns.Join(request.Tenant);
        _flows.Join(FlowOf(request));
    }

    /// <summary>One that waited is served, or does not wait any more.</summary>
    public void Leave(SlotRequest request, bool served)
    {
        Turns.Leave(request.Tenant, served);
        _flows.Leave(FlowOf(request), served);
    }

    public bool IsBefore(SlotRequest a, SlotRequest b) =>
        a.Priority != b.Priority ? a.Priority > b.Priority
        : a.Tenant != b.Tenant ? Turns.Of(a.Tenant) < Turns.Of(b.Tenant)
        : a.Flow != b.Flow ? _flows.Of(FlowOf(a)) < _flows.Of(FlowOf(b))
        : SlotRequest.ByUrgency.Compare(a, b) < 0;

    private NodeRank RankOf(SlotNode node)
    {
        if (node.State.Draining || Free(node) <= 0 || !IsServedBy(node))
        {
            return NodeRank.None;
        }
        var (most, all) = node.Gpus.FreeForStrangers;
        return new NodeRank(Placer.Score(new NodeLoad(node.Name, 1, Load(node))), all, most);
    }

    private static (string, string?) FlowOf(SlotRequest request) => (request.Tenant, request.Flow);
}
