using AgentGrid.Core;
using AgentGrid.Core.Config;
using AgentGrid.Engine;
using AgentGrid.Engine.Dispatch;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Bench.Placement;

/// <summary>One dispatcher: the table, leases and placement of the product, and how long they have worked.</summary>
internal sealed class Shard : IDisposable
{
    private readonly SlotLeases<object> _leases;
    private readonly bool _writesReplies;
    private long _since;

    /// <param name="writesReplies">Whether the placement is written as JSON for the reply, as the dispatcher of a cluster does.</param>
    public Shard(TimeProvider time, GridConfig config, bool writesReplies)
    {
        _leases = new SlotLeases<object>(
            time, Platform.Process, static _ => true, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30));
        _leases.Slots.Configure(config);
        _writesReplies = writesReplies;
    }

    public SlotTable Slots => _leases.Slots;

    /// <summary>Attempts that were given a slot.</summary>
    public long Decisions { get; private set; }

    /// <summary>Spent on requests, grants and releases.</summary>
    public TimeSpan Deciding { get; private set; }

    public long Reports { get; private set; }

    /// <summary>Spent on what nodes say.</summary>
    public TimeSpan Listening { get; private set; }

    /// <summary>The bytes of the last reply; 0 when none are written.</summary>
    public int ReplyBytes { get; private set; }

    /// <summary>What was done until now does not count.</summary>
    public void CountAnew() => (Decisions, Deciding, Reports, Listening) = (0, TimeSpan.Zero, 0, TimeSpan.Zero);

    public void Wait(SlotRequest request)
    {
        Begin();
        Slots.Wait(request);
        Deciding += End();
    }

    public void Release(string key)
    {
        Begin();
        _leases.Release(key);
        Deciding += End();
    }

    /// <summary>In the middle of one of the other calls.</summary>
    public void Hold(string key, TakenSlot slot)
    {
        Decisions++;
        if (_writesReplies)
        {
            ReplyBytes = Json.From(slot.Placement).ToString().Length;
        }
        _leases.Hold(key, slot, driver: this);
    }

    public void Hear(NodeState node, IReadOnlyList<ReportedSlot> held)
    {
        Begin();
        Slots.PutNode(node);
        _leases.Reconcile(node.Name, held);
        Reports++;
        Listening += End();
    }

    public void Put(NodeState node)
    {
        Begin();
        Slots.PutNode(node);
        Listening += End();
    }

    public void Lose(string node)
    {
        Begin();
        _leases.RemoveNode(node);
        Listening += End();
    }

    public void Dispose() => Slots.Dispose();

    private void Begin() => _since = ThreadClock.Now;

    private TimeSpan End() => ThreadClock.Since(_since);
}
