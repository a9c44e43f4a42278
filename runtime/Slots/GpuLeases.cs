using System.Collections.Immutable;

namespace AgentGrid.Runtime.Slots;

/// <summary>The GPU memory of one node that attempts have leased, and what is left. Guarded by the table's lock.</summary>
internal sealed class GpuLeases
{
    private readonly Dictionary<string, List<GpuLease>> _leases = new(StringComparer.Ordinal);
    private readonly Dictionary<int, long> _leased = [];

    // Of that, what agents have leased that are not warm there: it is not yet known to be part of what is in use.
    private readonly Dictionary<int, long> _loading = [];
    private ImmutableArray<GpuState>? _gpus;

    public ImmutableSortedDictionary<int, long> LeasedBytes => _leased.ToImmutableSortedDictionary();

    /// <summary>The GPUs as they are now; null when GPU memory is not accounted for.</summary>
    public void Put(ImmutableArray<GpuState>? gpus)
    {
        _gpus = gpus;
        _loading.Clear();
        foreach (var (agent, leases) in _leases)
        {
            foreach (var lease in leases.Where(l => !IsWarm(l.Gpu, agent)))
            {
                Count(_loading, lease.Gpu, lease.Bytes);
            }
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

    /// <summary>How many attempts that occupy so much have room at once, each on one GPU.</summary>
    public int RoomFor(string agent, long bytes)
    {
        if (bytes <= 0 || _gpus is not { } gpus)
        {
            return int.MaxValue;
        }
        var room = 0L;
        foreach (var gpu in gpus)
        {
            room += Math.Max(0, FreeOf(gpu, agent)) / bytes;
        }
        return (int)Math.Min(room, int.MaxValue);
    }

    /// <summary>Whether one more attempt has room on one GPU.</summary>
    public bool HasRoom(string agent, long bytes, int on) => Find(on) is { } gpu && FreeOf(gpu, agent) >= bytes;

    /// <summary>
    /// Leases memory on the GPU that has the most free, so that attempts do not share one while another is idle; of
    /// equals on one where the agent is loaded.
    /// </summary>
    /// <param name="on">Where the attempt is to run, room or not; null when that is to be chosen.</param>
    /// <returns>The GPU's index; null when the attempt occupies none, or GPU memory is not accounted for.</returns>
    public int? Lease(string agent, long bytes, int? on = null)
    {
        if (bytes <= 0 || _gpus is not { IsEmpty: false } gpus)
        {
            return null;
        }
        var gpu = on ?? gpus.MaxBy(g => (FreeOf(g, agent), IsWarm(g, agent)))!.Index;
        if (!_leases.TryGetValue(agent, out var leases))
        {
            _leases.Add(agent, leases = []);
        }
        leases.Add(new GpuLease(gpu, bytes));
        Count(agent, gpu, bytes);
        return gpu;
    }

    /// <summary>Gives back what one attempt of an agent has leased, if it has.</summary>
    /// <param name="gpu">Where; null when that is not known, or it has leased nothing.</param>
    /// <param name="running">How many attempts of the agent still run here.</param>
    /// <returns>Whether memory has become free.</returns>
    public bool End(string agent, int? gpu, int running) =>
        _leases.TryGetValue(agent, out var leases) && EndOneOf(leases, agent, gpu, running);

    private bool EndOneOf(List<GpuLease> leases, string agent, int? gpu, int running)
    {
        if (gpu is null || !leases.Exists(l => l.Gpu == gpu))
        {
            if (leases.Count <= running)
            {
                return false; // the attempt began when nothing was accounted for, or needed nothing then
            }
            gpu = leases[0].Gpu;
        }
        // They differ when the configuration has changed: never more is given back than the attempt can have had.
        var lease = leases.Where(l => l.Gpu == gpu).MinBy(l => l.Bytes);
        leases.Remove(lease);
        if (leases.Count == 0)
        {
            _leases.Remove(agent);
        }
        Count(agent, lease.Gpu, -lease.Bytes);
        return true;
    }

    // An agent that is warm has its memory in what is in use already: only leases can be in its way. For any other, what
    // is in use counts as well, or models that stay loaded between attempts would be promised to it; and beside that
    // what has been leased for models that may not be loaded yet.
    private long FreeOf(GpuState gpu, string agent)
    {
        var occupied = _leased.GetValueOrDefault(gpu.Index);
        if (gpu.UsedHereBytes > 0 && !IsWarm(gpu, agent))
        {
            occupied = Math.Max(occupied, gpu.UsedHereBytes + _loading.GetValueOrDefault(gpu.Index));
        }
        return gpu.TotalBytes - gpu.UsedByOthersBytes - occupied;
    }

    private GpuState? Find(int index) => _gpus?.FirstOrDefault(g => g.Index == index);

    private bool IsWarm(int gpu, string agent) => Find(gpu) is { } found && IsWarm(found, agent);

    private static bool IsWarm(GpuState gpu, string agent) => gpu.WarmAgents.Contains(agent);

    private void Count(string agent, int gpu, long bytes)
    {
        Count(_leased, gpu, bytes);
        if (!IsWarm(gpu, agent))
        {
            Count(_loading, gpu, bytes);
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

    private readonly record struct GpuLease(int Gpu, long Bytes);
}
