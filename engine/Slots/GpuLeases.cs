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
    private (long Most, long All)? _strangers;

    public ImmutableSortedDictionary<int, long> LeasedBytes => _leased.ToImmutableSortedDictionary();

    /// <summary>The GPUs as they are now; null when GPU memory is not accounted for.</summary>
    public void Put(ImmutableArray<GpuState>? gpus)
    {
        _gpus = gpus;
        _strangers = null;
        _loading.Clear();
        foreach (var lease in _leases.Where(IsLoading).DistinctBy(l => l.Need.IsShared ? (l.Gpu, l.Need.Agent) : (object)l))
        {
            Count(_loading, lease.Gpu, Together(lease));
        }
    }

    /// <summary>On all GPUs together; null when GPU memory is not accounted for.</summary>
    public long? FreeBytes(string agent)
    {
        if (_gpus is not { } gpus)
        {
            return null;
        }
        var free = 0L;
        foreach (var gpu in gpus)
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
            if (_gpus is not { } gpus)
            {
                return (long.MaxValue, -1);
            }
            var (most, all) = (0L, 0L);
            foreach (var gpu in gpus)
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
        if (need.Bytes <= 0 || _gpus is not { } gpus)
        {
            return int.MaxValue;
        }
        if (need.IsShared)
        {
            return HasRoom(need, gpus) ? int.MaxValue : 0;
        }
        var room = 0L;
        foreach (var gpu in gpus)
        {
            room += Math.Max(0, FreeOf(gpu, need.Agent)) / need.Bytes;
        }
        return (int)Math.Min(room, int.MaxValue);
    }

    // Not in the method that asks, which would make room for what is captured each time.
    private bool HasRoom(GpuNeed need, ImmutableArray<GpuState> gpus) => gpus.Any(g => HasRoom(need, g));

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
        if (need.Bytes <= 0 || _gpus is not { IsEmpty: false } gpus)
        {
            return null;
        }
        var lease = new GpuLease(need, on ?? Choose(need, gpus).Index);
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

    private GpuState Choose(GpuNeed need, ImmutableArray<GpuState> gpus) => need.IsShared
        ? gpus.MaxBy(g => (HasRoom(need, g), -Sharing(need.Agent, g.Index).Count(), FreeOf(g, need.Agent), IsWarm(g, need.Agent)))!
        : gpus.MaxBy(g => (FreeOf(g, need.Agent), IsWarm(g, need.Agent)))!;

    // Beside attempts of its own there is always room for what is shared.
    private bool HasRoom(GpuNeed need, GpuState gpu) =>
        FreeOf(gpu, need.Agent) >= need.Bytes || (need.IsShared && Sharing(need.Agent, gpu.Index).Any());

    private IEnumerable<GpuLease> Sharing(string agent, int gpu) =>
        _leases.Where(l => l.Gpu == gpu && l.Need.IsShared && l.Need.Agent == agent);

    // So a lease adds nothing where it shares the memory of others, as long as it is not more than theirs.
    private long Together(GpuLease lease) => lease.Need.IsShared
        ? Sharing(lease.Need.Agent, lease.Gpu).Select(l => l.Need.Bytes).DefaultIfEmpty().Max()
        : _leases.Contains(lease) ? lease.Need.Bytes : 0;

    // An agent that is warm has its memory in what is in use already: only leases can be in its way. For any other, what
    // is in use counts as well, or models that stay loaded between attempts would be promised to it; and beside that
    // what has been leased for models that may not be loaded yet.
    private long FreeOf(GpuState gpu, string? agent)
    {
        var occupied = _leased.GetValueOrDefault(gpu.Index);
        if (gpu.UsedHereBytes > 0 && (agent is null || !IsWarm(gpu, agent)))
        {
            occupied = Math.Max(occupied, gpu.UsedHereBytes + _loading.GetValueOrDefault(gpu.Index));
        }
        return gpu.TotalBytes - gpu.UsedByOthersBytes - occupied;
    }

    private GpuState? Find(int index) => _gpus?.FirstOrDefault(g => g.Index == index);

    private bool IsLoading(GpuLease lease) => Find(lease.Gpu) is not { } gpu || !IsWarm(gpu, lease.Need.Agent);

    private static bool IsWarm(GpuState gpu, string agent) => gpu.WarmAgents.Contains(agent);

    private void Count(GpuLease lease, long change)
    {
        _strangers = null;
        Count(_leased, lease.Gpu, change);
        if (IsLoading(lease))
        {
            Count(_loading, lease.Gpu, change);
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
}

/// <summary>The memory that one attempt occupies, alone or with others of its agent.</summary>
internal sealed class GpuLease(GpuNeed need, int gpu)
{
    public GpuNeed Need { get; } = need;
    public int Gpu { get; } = gpu;
}
