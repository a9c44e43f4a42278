namespace AgentGrid.Engine.Slots;

/// <summary>What a node is to those who look for a slot.</summary>
/// <param name="Score">By <see cref="Core.Placement.Placer"/>.</param>
/// <param name="FreeBytes">Of GPU memory, which decides among equals; -1 when it is not accounted for.</param>
/// <param name="Room">The most GPU memory that one attempt can have there; negative when none can start there.</param>
internal readonly record struct NodeRank(double Score, long FreeBytes, long Room)
{
    public static readonly NodeRank None = new(double.NegativeInfinity, 0, -1);
}

/// <summary>
/// Nodes in a tournament: the best of many is known, and a change of one costs a comparison for each doubling of their number. What
/// has changed is looked at when somebody asks. Guarded by the table's lock.
/// </summary>
/// <param name="byMemory">Whether free GPU memory decides among equals.</param>
/// <param name="rankOf">What a node is now.</param>
internal sealed class NodeTree(int nodes, bool byMemory, Func<SlotNode, NodeRank> rankOf)
{
    // The leaves of a binary heap begin at the capacity; the children of i are 2i and 2i + 1.
    private readonly int _capacity = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(nodes, 2));
    private readonly List<int> _changed = [];
    private SlotNode?[] _nodes = [];
    private NodeRank[] _ranks = [];
    private bool[] _hasChanged = [];
    private int[] _best = [];
    private long[] _room = [];

    /// <summary>Nodes of a higher index have no place here.</summary>
    public int Capacity => _capacity;

    /// <summary>A node is there, or is another than it was.</summary>
    public void Touch(SlotNode node)
    {
        if (_nodes.Length == 0)
        {
            (_nodes, _ranks, _hasChanged) = (new SlotNode?[_capacity], new NodeRank[_capacity], new bool[_capacity]);
            (_best, _room) = (new int[2 * _capacity], new long[2 * _capacity]);
            Array.Fill(_best, -1);
            Array.Fill(_room, -1);
        }
        _nodes[node.Index] = node;
        if (!_hasChanged[node.Index])
        {
            _hasChanged[node.Index] = true;
            _changed.Add(node.Index);
        }
    }

    /// <summary>A node counts no longer.</summary>
    public void Remove(SlotNode node)
    {
        if (_nodes.Length > 0 && _nodes[node.Index] is not null)
        {
            Put(node.Index, NodeRank.None);
            _nodes[node.Index] = null;
        }
    }

    /// <summary>Whether an attempt can start somewhere.</summary>
    /// <param name="need">The GPU memory that it needs.</param>
    /// <param name="except">By the index of the node: those that do not count.</param>
    public bool HasRoom(long need, bool[]? except)
    {
        Settle();
        return _room.Length > 0 && HasRoom(1, need, except);
    }

    /// <summary>Begins a search here.</summary>
    public void Enter(NodeSearch search, long need)
    {
        Settle();
        if (_room.Length > 0 && _room[1] >= need)
        {
            search.Add(this, 1, Key(1));
        }
    }

    /// <summary>The node at a leaf; null when there are several, which have been added to the search.</summary>
    public SlotNode? Open(NodeSearch search, int at, long need)
    {
        if (at >= _capacity)
        {
            return _nodes[at - _capacity];
        }
        for (var child = 2 * at; child <= 2 * at + 1; child++)
        {
            if (_room[child] >= need)
            {
                search.Add(this, child, Key(child));
            }
        }
        return null;
    }

    private bool HasRoom(int at, long need, bool[]? except)
    {
        if (_room[at] < need)
        {
            return false;
        }
        return at >= _capacity
            ? except is null || !except[at - _capacity]
            : HasRoom(2 * at, need, except) || HasRoom(2 * at + 1, need, except);
    }

    private NodeKey Key(int at)
    {
        var best = _best[at];
        return new NodeKey(_ranks[best].Score, byMemory ? _ranks[best].FreeBytes : 0, _nodes[best]!.Name);
    }

    private void Settle()
    {
        if (_changed.Count == 0)
        {
            return;
        }
        foreach (var index in _changed)
        {
            _hasChanged[index] = false;
            if (_nodes[index] is { } node)
            {
                Put(index, rankOf(node));
            }
        }
        _changed.Clear();
    }

    private void Put(int index, NodeRank rank)
    {
        if (_ranks[index] == rank && (_best[_capacity + index] >= 0) == (rank.Room >= 0))
        {
            return;
        }
        _ranks[index] = rank;
        var at = _capacity + index;
        _best[at] = rank.Room >= 0 ? index : -1;
        _room[at] = rank.Room;
        for (at /= 2; at > 0; at /= 2)
        {
            var (left, right) = (_best[2 * at], _best[2 * at + 1]);
            _best[at] = left < 0 ? right : right < 0 || IsBefore(left, right) ? left : right;
            _room[at] = Math.Max(_room[2 * at], _room[2 * at + 1]);
        }
    }

    private bool IsBefore(int a, int b)
    {
        var (left, right) = (_ranks[a], _ranks[b]);
        return left.Score != right.Score ? left.Score > right.Score
            : byMemory && left.FreeBytes != right.FreeBytes ? left.FreeBytes > right.FreeBytes
            : string.CompareOrdinal(_nodes[a]!.Name, _nodes[b]!.Name) < 0;
    }
}

/// <summary>The order of nodes: as that of the placer.</summary>
internal readonly record struct NodeKey(double Score, long FreeBytes, string Name) : IComparable<NodeKey>
{
    public int CompareTo(NodeKey other) =>
        Score != other.Score ? other.Score.CompareTo(Score)
        : FreeBytes != other.FreeBytes ? other.FreeBytes.CompareTo(FreeBytes)
        : string.CompareOrdinal(Name, other.Name);
}
