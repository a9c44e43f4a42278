using AgentGrid.Engine;
using AgentGrid.Engine.Slots;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.GrainInterfaces.Dispatch;
using Microsoft.Extensions.Logging;
using SlotRequest = AgentGrid.Engine.Slots.SlotRequest;

namespace AgentGrid.Grains.Dispatch;

/// <summary>
/// The slots that are held, each under the key of its request. A grant is a lease: it lasts while its node reports it,
/// and before its node has first done so for some time, in which the attempt is made durable and sent there. Whatever
/// is taken out of here is given back to the table, so that the two always agree.
/// </summary>
internal sealed class SlotLeases(TimeProvider time, Platform platform, ISiloStatusOracle silos, DispatchTimes times, ILogger? logger = null)
{
    private readonly Dictionary<string, SlotLease> _byKey = new(StringComparer.Ordinal);

    // Calls that were told to start, and of which it is to be heard how many tokens they have used.
    private readonly Dictionary<string, SlotRequest> _calls = new(StringComparer.Ordinal);

    /// <summary>Where they are counted.</summary>
    public SlotTable Slots { get; } = new(time, platform, logger);

    public int Count => _byKey.Count;

    public SlotLease? Find(string key) => _byKey.GetValueOrDefault(key);

    /// <summary>Holds a slot, in place of any other under the same key.</summary>
    /// <param name="driver">The silo that it was granted to; null when that is not known.</param>
    public void Hold(string key, TakenSlot slot, SlotReply reply, SiloAddress? driver) =>
        Put(new SlotLease(key, slot, slot.Gpu, reply, time.GetTimestamp()) { Driver = driver });

    /// <summary>Gives a slot back.</summary>
    /// <returns>False when none is held under this key.</returns>
    public bool Release(string key)
    {
        if (!_byKey.Remove(key, out var grant))
        {
            return false;
        }
        Slots.Release(grant.Slot);
        return true;
    }

    /// <summary>A call that has its slot elsewhere starts.</summary>
    public void Start(string key, SlotRequest call)
    {
        if (call.OwesTokens)
        {
            _calls[key] = call;
        }
    }

    /// <summary>How many tokens were used under a key. Of one that is not known any more it stays what was expected.</summary>
    public void Settle(string key, long tokens)
    {
        if (Find(key) is { } lease)
        {
            Slots.Settle(lease.Slot, tokens);
        }
        else if (_calls.Remove(key, out var call))
        {
            Slots.Settle(call, tokens);
        }
    }

    /// <summary>Nothing is to be heard of a call any more.</summary>
    /// <returns>False when none has that key.</returns>
    public bool ForgetCall(string key)
    {
        if (!_calls.Remove(key, out var call))
        {
            return false;
        }
        Slots.Close(call);
        return true;
    }

    /// <summary>Nor of those whose time is over.</summary>
    public void ForgetCalls()
    {
        foreach (var (key, _) in _calls.Where(c => c.Value.Deadline < time.GetUtcNow()).ToArray())
        {
            ForgetCall(key);
        }
    }

    /// <summary>Those that have run long enough are not kept apart any more.</summary>
    public void EndIsolations()
    {
        foreach (var grant in _byKey.Values.Where(g => time.GetElapsedTime(g.GrantedAt) > g.Slot.Isolation?.Time).ToArray())
        {
            Slots.Clear(grant.Slot);
        }
    }

    /// <summary>A node is gone, and with it what was held there.</summary>
    public void RemoveNode(string node)
    {
        Slots.RemoveNode(node);
        ReleaseAll(g => g.Slot.Node == node);
    }

    /// <summary>How many a node has not reported yet.</summary>
    public int CountOnTheirWay(string node) => _byKey.Values.Count(g => g.Slot.Node == node && !g.IsConfirmed);

    /// <summary>
    /// Believes what a node says that it holds: what nobody here has granted is held from now on, and what it does not
    /// hold (any more) is given back.
    /// </summary>
    public void Reconcile(NodeReport report)
    {
        foreach (var held in report.Held)
        {
            if (Find(held.Slot) is not { } grant || !IsThere(grant, report.Node, held))
            {
                var slot = Slots.Adopt(held.Agent, report.Node, held.Gpu, held.Isolation?.ToIsolation());
                var reply = new SlotReply(SlotOutcome.Granted, report.Node);
                grant = new SlotLease(held.Slot, slot, held.Gpu ?? slot.Gpu, reply, time.GetTimestamp());
                Put(grant);
            }
            grant.IsConfirmed = true;
        }
        var present = report.Held.Select(h => h.Slot).ToHashSet(StringComparer.Ordinal);
        ReleaseAll(g => g.Slot.Node == report.Node && !present.Contains(g.Key) && (g.IsConfirmed || IsLate(g)));
    }

    // A node that had to choose another GPU is right: it is there that the memory is.
    private static bool IsThere(SlotLease grant, string node, HeldSlot held) =>
        grant.Slot.Node == node && (held.Gpu is null || held.Gpu == grant.Gpu);

    private void Put(SlotLease grant)
    {
        _byKey.Remove(grant.Key, out var before);
        _byKey.Add(grant.Key, grant);
        if (before is not null)
        {
            Slots.Release(before.Slot);
        }
    }

    private void ReleaseAll(Func<SlotLease, bool> which)
    {
        foreach (var grant in _byKey.Values.Where(which).ToArray())
        {
            Release(grant.Key);
        }
    }

    private bool IsLate(SlotLease grant)
    {
        var driven = grant.Driver is { } driver
            && silos.GetApproximateSiloStatus(driver) is not (SiloStatus.Dead or SiloStatus.None);
        return time.GetElapsedTime(grant.GrantedAt) > (driven ? times.LongestOnItsWay : times.OnItsWay);
    }
}

/// <summary>One slot that is held.</summary>
/// <param name="Gpu">Where its node says that it runs, or else where it was granted; null for no GPU.</param>
internal sealed record SlotLease(string Key, TakenSlot Slot, int? Gpu, SlotReply Reply, long GrantedAt)
{
    /// <summary>The silo that has asked for it last.</summary>
    public SiloAddress? Driver { get; set; }

    /// <summary>Its node has reported it.</summary>
    public bool IsConfirmed { get; set; }
}
