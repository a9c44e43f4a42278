namespace AgentGrid.Bench.Placement;

/// <summary>Which dispatcher may give which GPU away, and which GPUs are in use.</summary>
internal sealed class GpuOwners
{
    private readonly Fleet _fleet;
    private readonly int _shards;
    private readonly int[,] _owned;
    private readonly int[,] _inUse;

    /// <param name="shardOf">Of each model.</param>
    public GpuOwners(Fleet fleet, int[] shardOf, int shards)
    {
        (_fleet, _shards) = (fleet, shards);
        _owned = new int[fleet.Nodes.Length, shards];
        _inUse = new int[fleet.Nodes.Length, Fleet.GpusPerNode];
        foreach (var kind in fleet.Kinds)
        {
            // In proportion to what is asked of each, whole nodes side by side.
            var upTo = new double[shards];
            for (var s = 0; s < shards; s++)
            {
                upTo[s] = (s == 0 ? 0 : upTo[s - 1])
                    + fleet.Models.Where(m => m.Kind == kind && shardOf[m.Index] == s).Sum(static m => m.Share) * kind.Gpus;
            }
            var nodes = fleet.Nodes.Where(n => n.Kind == kind).ToArray();
            for (var i = 0; i < kind.Gpus; i++)
            {
                var s = Array.FindIndex(upTo, u => i + 0.5 < u);
                _owned[nodes[i / Fleet.GpusPerNode].Index, s < 0 ? shards - 1 : s] |= 1 << i % Fleet.GpusPerNode;
            }
        }
    }

    /// <summary>Gives each model to the dispatcher of which least is asked.</summary>
    public static int[] ShareModels(Fleet fleet, int shards)
    {
        var shardOf = new int[fleet.Models.Length];
        var load = new double[shards];
        foreach (var model in fleet.Models.OrderByDescending(static m => m.Share * m.Kind.Gpus))
        {
            var least = Array.IndexOf(load, load.Min());
            shardOf[model.Index] = least;
            load[least] += model.Share * model.Kind.Gpus;
        }
        return shardOf;
    }

    /// <summary>The GPUs of a node that a shard may give away, as bits.</summary>
    public int Owned(int node, int shard) => _owned[node, shard];

    public void Each(int node, Action<int, int> act)
    {
        for (var s = 0; s < _shards; s++)
        {
            if (_owned[node, s] != 0)
            {
                act(s, _owned[node, s]);
            }
        }
    }

    public void Occupy(int node, int gpu, int change) => _inUse[node, gpu] += change;

    /// <summary>Moves idle GPUs of a kind to those shards where more wait than are idle, from those that have most to spare.</summary>
    /// <param name="waiting">By shard.</param>
    public List<(int Node, int From, int To)> Move(GpuKind kind, int[] waiting, Func<int, bool> isAlive)
    {
        var moved = new List<(int, int, int)>();
        var idle = Enumerable.Range(0, _shards).Select(_ => new Queue<(int Node, int Gpu)>()).ToArray();
        foreach (var node in _fleet.Nodes.Where(n => n.Kind == kind && isAlive(n.Index)))
        {
            Each(node.Index, (s, owned) =>
            {
                for (var g = 0; g < Fleet.GpusPerNode; g++)
                {
                    if ((owned >> g & 1) != 0 && _inUse[node.Index, g] == 0)
                    {
                        idle[s].Enqueue((node.Index, g));
                    }
                }
            });
        }
        for (var to = 0; to < _shards; to++)
        {
            for (var missing = waiting[to] - idle[to].Count; missing > 0; missing--)
            {
                var from = Array.FindIndex(idle, q => q.Count > 0);
                for (var s = 0; s < _shards; s++)
                {
                    from = from >= 0 && idle[s].Count - waiting[s] > idle[from].Count - waiting[from] ? s : from;
                }
                if (from < 0 || from == to || idle[from].Count <= waiting[from])
                {
                    break;
                }
                var (node, gpu) = idle[from].Dequeue();
                _owned[node, from] &= ~(1 << gpu);
                _owned[node, to] |= 1 << gpu;
                moved.Add((node, from, to));
            }
        }
        return moved;
    }
}
