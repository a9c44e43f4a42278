namespace AgentGrid.Engine.Slots;

/// <summary>The best nodes of several trees, best first. Guarded by the table's lock.</summary>
internal sealed class NodeSearch
{
    private readonly PriorityQueue<(NodeTree Tree, int At), NodeKey> _open = new();
    private readonly List<SlotNode> _found = [];

    public void Add(NodeTree tree, int at, NodeKey key) => _open.Enqueue((tree, at), key);

    /// <summary>Those where an attempt can start; to be read before the next search.</summary>
    /// <param name="own">What an agent knows by itself: all that is in there counts.</param>
    /// <param name="others">What any agent has there that is not known there; null for nothing.</param>
    /// <param name="need">The GPU memory that it needs of these.</param>
    /// <param name="known">By the index of the node: those of the others that do not count.</param>
    public List<SlotNode> Best(int most, NodeTree own, NodeTree? others, long need, bool[] known)
    {
        _open.Clear();
        _found.Clear();
        own.Enter(this, 0);
        others?.Enter(this, need);
        while (_found.Count < most && _open.TryDequeue(out var next, out _))
        {
            var isOwn = next.Tree == own;
            if (next.Tree.Open(this, next.At, isOwn ? 0 : need) is { } node && (isOwn || !known[node.Index]))
            {
                _found.Add(node);
            }
        }
        return _found;
    }
}
