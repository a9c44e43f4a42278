using System.Collections.Immutable;
using AgentGrid.Core.Placement;

namespace AgentGrid.Runtime.Slots;

/// <summary>One node, and the GPU memory that attempts have leased on it. Guarded by the table's lock.</summary>
/// <param name="index">Where agents and queues count what they do there.</param>
internal sealed class SlotNode(int index, NodeState state)
{
    private readonly Dictionary<string, List<GpuLease>> _leases = new(StringComparer.Ordinal);
    private readonly Dictionary<int, long> _leased = [];

    public int Index { get; } = index;
    public string Name { get; } = state.Name;
    public NodeState State { get; set; } = state;

    /// <summary>The placement of whatever occupies no GPU memory, when there is no other node.</summary>
    public Placement Only { get; } = new(state.Name, "the only node", []);

    /// <summary>Null when GPU memory is not accounted for.</summary>
    public long? FreeGpuBytes
    {
        get
        {
            if (State.Gpus is not { } gpus)
            {
                return null;
            }
            var free = 0L;
            foreach (var gpu in gpus)
            {
                free += Math.Max(0, FreeOf(gpu));
            }
            return free;
        }
    }

    public ImmutableSortedDictionary<int, long> LeasedBytes => _leased.ToImmutableSortedDictionary();

    /// <summary>How many attempts that occupy so much have room at once, each on one GPU.</summary>
    public int RoomFor(long bytes)
    {
        if (bytes <= 0 || State.Gpus is not { } gpus)
        {
            return int.MaxValue;
        }
        var room = 0L;
        foreach (var gpu in gpus)
        {
            room += Math.Max(0, FreeOf(gpu)) / bytes;
        }
        return (int)Math.Min(room, int.MaxValue);
    }

    /// <summary>
    /// Leases memory on the GPU that has the most free, so that attempts do not share one while another is idle.
    /// </summary>
    /// <param name="on">Where the attempt runs already, room or not; null when it is to begin.</param>
    /// <returns>The GPU's index; null when the attempt occupies none, or GPU memory is not accounted for.</returns>
    public int? Lease(string agent, long bytes, int? on = null)
    {
        if (bytes <= 0 || State.Gpus is not { IsEmpty: false } gpus)
        {
            return null;
        }
        var best = on ?? gpus.MaxBy(FreeOf)!.Index;
        if (!_leases.TryGetValue(agent, out var leases))
        {
            _leases.Add(agent, leases = []);
        }
        leases.Add(new GpuLease(best, bytes));
        _leased[best] = _leased.GetValueOrDefault(best) + bytes;
        return best;
    }

    /// <summary>Gives back what one attempt of an agent has leased, if it has.</summary>
    /// <param name="gpu">Where; null when that is not known, or it has leased nothing.</param>
    /// <param name="running">How many attempts of the agent still run here.</param>
    /// <returns>Whether memory has become free.</returns>
    public bool EndLease(string agent, int? gpu, int running) =>
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
        if ((_leased[lease.Gpu] -= lease.Bytes) == 0)
        {
            _leased.Remove(lease.Gpu);
        }
        return true;
    }

    private long FreeOf(GpuState gpu) => gpu.TotalBytes - gpu.UsedByOthersBytes - _leased.GetValueOrDefault(gpu.Index);

    private readonly record struct GpuLease(int Gpu, long Bytes);
}
