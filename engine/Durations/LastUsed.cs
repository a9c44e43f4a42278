namespace AgentGrid.Engine.Durations;

/// <summary>As many values as there is room for: what was used longest ago goes first. Guarded by its owner.</summary>
/// <param name="room">How large all of them may be together; the one that was used last stays, whatever its size.</param>
/// <param name="sizeOf">It must not change while the value is here.</param>
internal sealed class LastUsed<TKey, TValue>(long room, Func<TValue, int> sizeOf)
    where TKey : notnull
{
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _nodes = [];
    private readonly LinkedList<(TKey Key, TValue Value)> _byUse = new();
    private long _size;

    /// <summary>How many are here.</summary>
    public int Count => _nodes.Count;

    /// <summary>The values, what was used last first.</summary>
    public IEnumerable<TValue> Values => _byUse.Select(static x => x.Value);

    /// <summary>Uses a value; false when it is not here.</summary>
    public bool TryGet(TKey key, out TValue value)
    {
        if (!_nodes.TryGetValue(key, out var node))
        {
            value = default!;
            return false;
        }
        _byUse.Remove(node);
        _byUse.AddFirst(node);
        value = node.Value.Value;
        return true;
    }

    /// <summary>Keeps a value, in place of another of its key.</summary>
    public void Put(TKey key, TValue value)
    {
        if (_nodes.Remove(key, out var before))
        {
            Drop(before);
        }
        _nodes.Add(key, _byUse.AddFirst((key, value)));
        _size += sizeOf(value);
        while (_size > room && _byUse.Count > 1)
        {
            var oldest = _byUse.Last!;
            _nodes.Remove(oldest.Value.Key);
            Drop(oldest);
        }
    }

    private void Drop(LinkedListNode<(TKey Key, TValue Value)> node)
    {
        _byUse.Remove(node);
        _size -= sizeOf(node.Value.Value);
    }
}
