using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.GrainInterfaces.Dispatch;

namespace AgentGrid.Grains.Dispatch;

/// <summary>
/// The slots that are held. A grant is a lease: it lasts while its node reports it, and before its node has first done so
/// for some time, in which the attempt is made durable and sent there.
/// </summary>
internal sealed class Grants(TimeProvider time, ISiloStatusOracle silos, DispatchTimes times)
{
    private readonly Dictionary<string, Grant> _bySlot = new(StringComparer.Ordinal);

    public int Count => _bySlot.Count;

    public Grant? Find(string slot) => _bySlot.GetValueOrDefault(slot);

    /// <param name="driver">The silo that it was granted to; null when that is not known.</param>
    public void Add(string slot, string agent, int? gpu, SlotReply reply, SiloAddress? driver) =>
        _bySlot[slot] = new Grant(slot, agent, reply.Node!, gpu, reply, time.GetTimestamp()) { Driver = driver };

    public Grant? Remove(string slot) => _bySlot.Remove(slot, out var grant) ? grant : null;

    public void RemoveNode(string node)
    {
        foreach (var grant in _bySlot.Values.Where(g => g.Node == node).ToArray())
        {
            _bySlot.Remove(grant.Slot);
        }
    }

    /// <summary>How many a node has not reported yet.</summary>
    public int CountOnTheirWay(string node) => _bySlot.Values.Count(g => g.Node == node && !g.IsConfirmed);

    /// <summary>Compares what is granted with what a node says that it holds.</summary>
    /// <param name="lost">What it does not hold (any more), taken out.</param>
    /// <returns>What it holds and nobody here has granted, put in.</returns>
    public List<HeldSlot> Reconcile(NodeReport report, out List<Grant> lost)
    {
        var adopted = new List<HeldSlot>();
        lost = [];
        foreach (var held in report.Held)
        {
            // A node that had to choose another GPU is right: it is there that the memory is.
            if (!_bySlot.TryGetValue(held.Slot, out var grant) || (held.Gpu is not null && held.Gpu != grant.Gpu))
            {
                if (grant is not null)
                {
                    lost.Add(grant);
                }
                Add(held.Slot, held.Agent, held.Gpu, new SlotReply(SlotOutcome.Granted, report.Node), driver: null);
                adopted.Add(held);
            }
            _bySlot[held.Slot].IsConfirmed = true;
        }
        var present = report.Held.Select(h => h.Slot).ToHashSet(StringComparer.Ordinal);
        foreach (var grant in _bySlot.Values.Where(g => g.Node == report.Node && !present.Contains(g.Slot)
            && (g.IsConfirmed || IsLate(g))).ToArray())
        {
            _bySlot.Remove(grant.Slot);
            lost.Add(grant);
        }
        return adopted;
    }

    private bool IsLate(Grant grant)
    {
        var driven = grant.Driver is { } driver
            && silos.GetApproximateSiloStatus(driver) is not (SiloStatus.Dead or SiloStatus.None);
        return time.GetElapsedTime(grant.GrantedAt) > (driven ? times.LongestOnItsWay : times.OnItsWay);
    }
}

/// <summary>One slot that is held.</summary>
internal sealed record Grant(string Slot, string Agent, string Node, int? Gpu, SlotReply Reply, long GrantedAt)
{
    /// <summary>The silo that has asked for it last.</summary>
    public SiloAddress? Driver { get; set; }

    /// <summary>Its node has reported it.</summary>
    public bool IsConfirmed { get; set; }
}
