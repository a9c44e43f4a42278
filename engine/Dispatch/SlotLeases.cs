using System.Runtime.InteropServices;
using AgentGrid.Engine.Slots;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Dispatch;

/// <summary>
/// The slots of a dispatcher that are held, each under the key of its request. A grant is a lease: it lasts while its node reports
/// it, and before its node has first done so for some time, in which the attempt is made durable and sent there. Whatever is
/// taken out of here is given back to the table, so that the two always agree. For one caller at a time.
/// </summary>
/// <typeparam name="TDriver">By which whoever drives a run is told from others.</typeparam>
/// <param name="isAlive">Whether somebody who drives runs may still start what was granted.</param>
/// <param name="onItsWay">How long a grant lasts that its node has not reported, when whoever it was granted to is gone.</param>
/// <param name="longestOnItsWay">The same when whoever it was granted to lives.</param>
public sealed class SlotLeases<TDriver>(
    TimeProvider time, Platform platform, Func<TDriver, bool> isAlive, TimeSpan onItsWay, TimeSpan longestOnItsWay, ILogger? logger = null)
    where TDriver : class
{
    private readonly Dictionary<string, SlotLease<TDriver>> _byKey = new(StringComparer.Ordinal);

    // A node reports twice a second, whatever the others do.
    private readonly Dictionary<string, HashSet<SlotLease<TDriver>>> _byNode = new(StringComparer.Ordinal);
    private readonly HashSet<SlotLease<TDriver>> _apart = new(ReferenceEqualityComparer.Instance);

    // Calls that were told to start, and of which it is to be heard how many tokens they have used.
    private readonly Dictionary<string, SlotRequest> _calls = new(StringComparer.Ordinal);
    private long _reports;

    /// <summary>Where they are counted.</summary>
    public SlotTable Slots { get; } = new(time, platform, logger);

    /// <summary>How many are held.</summary>
    public int Count => _byKey.Count;

    /// <summary>What is held under a key; null for nothing.</summary>
    public SlotLease<TDriver>? Find(string key) => _byKey.GetValueOrDefault(key);

    /// <summary>Holds a slot that was granted, in place of any other under the same key.</summary>
    /// <param name="driver">Who it was granted to; null when that is not known.</param>
    public void Hold(string key, TakenSlot slot, TDriver? driver) =>
        Put(new SlotLease<TDriver>(key, slot, slot.Gpu, time.GetTimestamp(), IsFound: false) { Driver = driver });

    /// <summary>Gives a slot back.</summary>
    /// <returns>False when none is held under this key.</returns>
    public bool Release(string key)
    {
        if (!_byKey.TryGetValue(key, out var lease))
        {
            return false;
        }
        Remove(lease);
        Slots.Release(lease.Slot);
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
        foreach (var lease in _apart.Where(l => l.Slot.Isolation is not { } apart || time.GetElapsedTime(l.GrantedAt) > apart.Time).ToArray())
        {
            _apart.Remove(lease);
            Slots.Clear(lease.Slot);
        }
    }

    /// <summary>A node is gone, and with it what was held there.</summary>
    public void RemoveNode(string node)
    {
        Slots.RemoveNode(node);
        ReleaseAll(node, static _ => true);
    }

    /// <summary>How many a node has not reported yet.</summary>
    public int CountOnTheirWay(string node) => OnNode(node).Count(static l => !l.IsConfirmed);

    /// <summary>
    /// Believes what a node says that it holds: what nobody here has granted is held from now on, and what it does not
    /// hold (any more) is given back.
    /// </summary>
    /// <param name="node">One that has been put into the table.</param>
    public void Reconcile(string node, IEnumerable<ReportedSlot> slots)
    {
        var report = ++_reports;
        foreach (var held in slots)
        {
            if (Find(held.Key) is not { } lease || !IsThere(lease, node, held))
            {
                var slot = Slots.Adopt(held.Agent, node, held.Gpu, held.Isolation);
                lease = new SlotLease<TDriver>(held.Key, slot, held.Gpu ?? slot.Gpu, time.GetTimestamp(), IsFound: true);
                Put(lease);
            }
            lease.IsConfirmed = true;
            lease.SeenIn = report;
        }
        ReleaseAll(node, l => l.SeenIn != report && (l.IsConfirmed || IsLate(l)));
    }

    // A node that had to choose another GPU is right: it is there that the memory is.
    private static bool IsThere(SlotLease<TDriver> lease, string node, ReportedSlot held) =>
        lease.Slot.Node == node && (held.Gpu is null || held.Gpu == lease.Gpu);

    private void Put(SlotLease<TDriver> lease)
    {
        if (_byKey.TryGetValue(lease.Key, out var before))
        {
            Remove(before);
        }
        _byKey.Add(lease.Key, lease);
        ref var onNode = ref CollectionsMarshal.GetValueRefOrAddDefault(_byNode, lease.Slot.Node, out _);
        (onNode ??= new(ReferenceEqualityComparer.Instance)).Add(lease);
        if (lease.Slot.Isolation is not null)
        {
            _apart.Add(lease);
        }
        if (before is not null)
        {
            Slots.Release(before.Slot);
        }
    }

    private void Remove(SlotLease<TDriver> lease)
    {
        _byKey.Remove(lease.Key);
        _apart.Remove(lease);
        if (_byNode.TryGetValue(lease.Slot.Node, out var onNode) && onNode.Remove(lease) && onNode.Count == 0)
        {
            _byNode.Remove(lease.Slot.Node);
        }
    }

    private IReadOnlyCollection<SlotLease<TDriver>> OnNode(string node) => _byNode.GetValueOrDefault(node) ?? [];

    private void ReleaseAll(string node, Func<SlotLease<TDriver>, bool> which)
    {
        List<SlotLease<TDriver>>? gone = null;
        foreach (var lease in OnNode(node))
        {
            if (which(lease))
            {
                (gone ??= []).Add(lease);
            }
        }
        gone?.ForEach(l => Release(l.Key));
    }

    private bool IsLate(SlotLease<TDriver> lease) =>
        time.GetElapsedTime(lease.GrantedAt) > (lease.Driver is { } driver && isAlive(driver) ? longestOnItsWay : onItsWay);
}
