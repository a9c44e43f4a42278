namespace AgentGrid.Engine.Slots;

/// <summary>The nodes of a table. Guarded by the table's lock.</summary>
internal sealed class SlotNodes
{
    private readonly Dictionary<string, SlotNode> _byName = new(StringComparer.Ordinal);
    private readonly SortedSet<int> _unused = [];

    /// <summary>By name.</summary>
    public SlotNode[] All { get; private set; } = [];

    /// <summary>More than the index of any node.</summary>
    public int Indices { get; private set; }

    public SlotNode? Find(string name) => _byName.GetValueOrDefault(name);

    public void Put(NodeState state)
    {
        if (_byName.TryGetValue(state.Name, out var node))
        {
            node.Put(state);
            return;
        }
        var index = _unused.Count > 0 ? _unused.Min : Indices++;
        _unused.Remove(index);
        _byName.Add(state.Name, new SlotNode(index, state));
        Sort();
    }

    public void Remove(SlotNode node)
    {
        _byName.Remove(node.Name);
        _unused.Add(node.Index);
        Sort();
    }

    private void Sort() => All = [.. _byName.Values.OrderBy(n => n.Name, StringComparer.Ordinal)];
}
