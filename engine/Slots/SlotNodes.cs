using AgentGrid.Core.Placement;

namespace AgentGrid.Engine.Slots;

/// <summary>The nodes of a table. Guarded by the table's lock.</summary>
internal sealed class SlotNodes
{
    private readonly Dictionary<string, SlotNode> _byName = new(StringComparer.Ordinal);
    private readonly SortedSet<int> _unused = [];

    private SlotNode[]? _all = [];

    /// <summary>By name.</summary>
    public SlotNode[] All => _all ??= [.. _byName.Values.OrderBy(n => n.Name, StringComparer.Ordinal)];

    /// <summary>There are more than a placement names: they are not all looked at.</summary>
    public bool AreMany => _byName.Count > Placer.MostCandidates;

    /// <summary>For one search after the other.</summary>
    public NodeSearch Search { get; } = new();

    /// <summary>More than the index of any node.</summary>
    public int Indices { get; private set; }

    /// <summary>The queues of the table.</summary>
    public List<QueueSlots> Queues { get; } = [];

    public SlotNode? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>One that was not there.</summary>
    public SlotNode Add(NodeState state)
    {
        var index = _unused.Count > 0 ? _unused.Min : Indices++;
        _unused.Remove(index);
        var node = new SlotNode(index, state);
        _byName.Add(state.Name, node);
        _all = null;
        return node;
    }

    /// <summary>What is free on a node has changed: those who keep it in order are told.</summary>
    public void Touch(SlotNode node)
    {
        foreach (var queue in Queues)
        {
            queue.Touch(node);
        }
        foreach (var agent in node.Known)
        {
            agent.Touch(node);
        }
    }

    public void Remove(SlotNode node)
    {
        foreach (var queue in Queues)
        {
            queue.Forget(node);
        }
        foreach (var agent in node.Known)
        {
            agent.Forget(node);
        }
        _byName.Remove(node.Name);
        _unused.Add(node.Index);
        _all = null;
    }
}
