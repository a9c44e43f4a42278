using System.Collections.Immutable;

namespace AgentGrid.Engine.Slots;

/// <summary>The GPU memory of one node that attempts have leased, and what is left. Guarded by the table's lock.</summary>
internal sealed class GpuLeases
{
    private readonly HashSet<GpuLease> _leases = [];
    private readonly Dictionary<int, long> _leased = [];

    // Of that, what agents have leased that are not warm there: it is not yet known to be part of what is in use.
    private readonly Dictionary<int, long> _loading = [];
    private ImmutableArray<GpuState>? _gpus;
    private Counted[] _counted = [];
    private (long Most, long All)? _strangers;

    public ImmutableSortedDictionary<int, long> LeasedBytes => _leased.ToImmutableSortedDictionary();

    /// <summary>The GPUs as they are now; null when GPU memory is not accounted for.</summary>
    public void Put(ImmutableArray<GpuState>? gpus)
    {
        _gpus = gpus;
        _strangers = null;
        _loading.Clear();
        _counted = [.. (gpus ?? []).Select(g => new Counted(g) { Leased = _leased.GetValueOrDefault(g.Index) })];
        if (_leases.Count == 0)
        {
            return;
        }
        foreach (var lease in _leases.Where(IsLoading).DistinctBy(l => l.Need.IsShared ? (l.Gpu, l.Need.Agent) : (object)l))
        {
            Count(_loading, lease.Gpu, Together(lease));
            if (Find(lease.Gpu) is { } gpu)
            {
                gpu.Loading = _loading.GetValueOrDefault(lease.Gpu);
            }
        }
    }

    /// <summary>On all GPUs together; null when GPU memory is not accounted for.</summary>
    public long? FreeBytes(string agent)
    {
        if (_gpus is null)
        {
            return null;
        }
        var free = 0L;
        foreach (var gpu in _counted)
        {
            free += Math.Max(0, FreeOf(gpu, agent));
        }
        return free;
    }

    /// <summary>For an agent that is not loaded here: what is free on the GPU that has most, and on all together.</summary>
    public (long Most, long All) FreeForStrangers
    {
        get
        {
            if (_strangers is { } known)
            {
                return known;
            }
            if (_gpus is null)
            {
                return (long.MaxValue, -1);
            }
            var (most, all) = (0L, 0L);
            foreach (var gpu in _counted)
            {
                var free = Math.Max(0, FreeOf(gpu, agent: null));
                (most, all) = (Math.Max(most, free), all + free);
            }
            _strangers = (most, all);
            return (most, all);
        }
    }

    /// <summary>How many attempts that need this have room at once, each on one GPU.</summary>
    public int RoomFor(GpuNeed need)
    {
        if (need.Bytes <= 0 || _gpus is null)
        {
            return int.MaxValue;
        }
        var room = 0L;
        foreach (var gpu in _counted)
        {
            if (need.IsShared && HasRoom(need, gpu))
            {
                return int.MaxValue;
            }
            var free = need.IsShared ? 0 : FreeOf(gpu, need.Agent);
            room += free < need.Bytes ? 0 : free < 2 * need.Bytes ? 1 : free / need.Bytes;
        }
        return (int)Math.Min(room, int.MaxValue);
    }

    /// <summary>Whether one more attempt has room on one GPU.</summary>
    public bool HasRoom(GpuNeed need, int on) => Find(on) is { } gpu && HasRoom(need, gpu);

    /// <summary>
    /// Leases memory on the GPU that has the most free, so that attempts do not share one while another is idle; of
    /// equals on one where the agent is loaded. What is shared goes where the agent has the fewest attempts.
    /// </summary>
    /// <param name="on">Where the attempt is to run, room or not; null when that is to be chosen.</param>
    /// <returns>Null when the attempt occupies no memory, or GPU memory is not accounted for.</returns>
    public GpuLease? Lease(GpuNeed need, int? on = null)
    {
        if (need.Bytes <= 0 || _gpus is not { IsEmpty: false })
        {
            return null;
        }
        var lease = new GpuLease(need, on ?? Choose(need).State.Index);
        var before = Together(lease);
        _leases.Add(lease);
        Count(lease, Together(lease) - before);
        return lease;
    }

    /// <summary>Gives back what one attempt has leased; once, however often it is said.</summary>
    public void End(GpuLease lease)
    {
        if (_leases.Contains(lease))
        {
            var before = Together(lease);
            _leases.Remove(lease);
            Count(lease, Together(lease) - before);
        }
    }

    private Counted Choose(GpuNeed need)
    {
        if (need.IsShared)
        {
            return _counted.MaxBy(g => (
                HasRoom(need, g), -Sharing(need.Agent, g.State.Index).Count(), FreeOf(g, need.Agent), IsWarm(g.State, need.Agent)))!;
        }
        var (best, free) = (_counted[0], FreeOf(_counted[0], need.Agent));
        foreach (var gpu in _counted.AsSpan(1))
        {
            var more = FreeOf(gpu, need.Agent);
            if (more > free || (more == free && IsWarm(gpu.State, need.Agent) && !IsWarm(best.State, need.Agent)))
            {
                (best, free) = (gpu, more);
            }
        }
        return best;
    }

    // Beside attempts of its own there is always room for what is shared.
    private bool HasRoom(GpuNeed need, Counted gpu) =>
        FreeOf(gpu, need.Agent) >= need.Bytes || (need.IsShared && Sharing(need.Agent, gpu.State.Index).Any());

    private IEnumerable<GpuLease> Sharing(string agent, int gpu) =>
        _leases.Where(l => l.Gpu == gpu && l.Need.IsShared && l.Need.Agent == agent);

    // So a lease adds nothing where it shares the memory of others, as long as it is not more than theirs.
    private long Together(GpuLease lease) => lease.Need.IsShared
        ? Sharing(lease.Need.Agent, lease.Gpu).Select(l => l.Need.Bytes).DefaultIfEmpty().Max()
        : _leases.Contains(lease) ? lease.Need.Bytes : 0;

    // An agent that is warm has its memory in what is in use already: only leases can be in its way. For any other, what
    // is in use counts as well, or models that stay loaded between attempts would be promised to it; and beside that
    // what has been leased for models that may not be loaded yet.
    private static long FreeOf(Counted gpu, string? agent)
    {
        var (state, occupied) = (gpu.State, gpu.Leased);
        if (state.UsedHereBytes > 0 && (agent is null || !IsWarm(state, agent)))
        {
            occupied = Math.Max(occupied, state.UsedHereBytes + gpu.Loading);
        }
        return state.TotalBytes - state.UsedByOthersBytes - occupied;
    }

    private Counted? Find(int index) => Array.Find(_counted, g => g.State.Index == index);

    private bool IsLoading(GpuLease lease) => Find(lease.Gpu) is not { } gpu || !IsWarm(gpu.State, lease.Need.Agent);

    private static bool IsWarm(GpuState gpu, string agent) => gpu.WarmAgents.Contains(agent);

    private void Count(GpuLease lease, long change)
    {
        _strangers = null;
        Count(_leased, lease.Gpu, change);
        if (IsLoading(lease))
        {
            Count(_loading, lease.Gpu, change);
        }
        if (Find(lease.Gpu) is { } gpu)
        {
            (gpu.Leased, gpu.Loading) = (_leased.GetValueOrDefault(lease.Gpu), _loading.GetValueOrDefault(lease.Gpu));
        }
    }

    private static void Count(Dictionary<int, long> bytesByGpu, int gpu, long bytes)
    {
        var sum = bytesByGpu[gpu] = bytesByGpu.GetValueOrDefault(gpu) + bytes;
        if (sum == 0)
        {
            bytesByGpu.Remove(gpu);
        }
    }

    /// <summary>A GPU that the node says it has, with what is counted there.</summary>
    private sealed class Counted(GpuState state)
    {
        public GpuState State { get; } = state;
        public long Leased { get; set; }
        public long Loading { get; set; }
    }
}

/// <summary>The memory that one attempt occupies, alone or with others of its agent.</summary>
internal sealed class GpuLease(GpuNeed need, int gpu)
{
    public GpuNeed Need { get; } = need;
    public int Gpu { get; } = gpu;
}
