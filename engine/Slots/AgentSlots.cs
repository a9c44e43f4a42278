using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Slots;

/// <summary>One agent's slots on every node, and its waiters. Guarded by the table's lock.</summary>
internal sealed partial class AgentSlots
{
    // By tenant and flow, and by the company that they may have. What is here waits, and what waits is here.
    private readonly Dictionary<(string Tenant, string? Flow, int? Company, bool InAttempt, bool StartOnly), WaitingLine> _waiters = [];
    private readonly SlotNodes _nodes;
    private readonly SlotClock _clock;
    private readonly StartRate _starts;
    private readonly TokenRate _tokens;
    private int[] _inUse = [];
    private NodeFit[] _fits = [];
    private readonly int[] _fitCounts = new int[(int)NodeFit.Fits + 1];
    private int _running;
    private string? _note;
    private GpuNeed _need;
    private IReadOnlyList<Labels>? _labels;
    private bool _knowsLabels;

    public AgentSlots(AgentConfig config, QueueSlots queue, SlotNodes nodes, SlotClock clock)
    {
        _nodes = nodes;
        (_clock, _starts, _tokens) = (clock, new StartRate(clock), new TokenRate(clock));
        ConfigureRates(config);
        Failures = new AgentBreakers(clock, () => Array.FindAll(_nodes.All, n => _fits[n.Index] == NodeFit.Fits));
        Failures.Configure(config.Breaker);
        Queue = queue;
        queue.Agents.Add(this);
        Config = config;
        Refresh();
    }

    public AgentConfig Config { get; private set; }
    public QueueSlots Queue { get; private set; }
    public int Waiting { get; private set; }
    public bool Drained { get; set; }
    public AgentBreakers Failures { get; }

    /// <summary>Its attempts occupy a GPU.</summary>
    public bool HasGpu => Config.Resources.GpuMemoryBytes > 0;

    public AgentLoad Load
    {
        get
        {
            long slots = (long)Math.Max(_fitCounts[(int)NodeFit.Fits], 1) * Config.MaxConcurrency;
            slots = Math.Min(slots, Config.MaxConcurrencyTotal ?? int.MaxValue);
            var (free, rate) = (Free, Rate);
            var full = free == 0 ? ShortOf() : rate?.InWords();
            return new AgentLoad(
                Config, _running, Waiting, Math.Min(free, rate?.Left ?? free), Drained, (int)slots, _note, full, rate, Failures.State)
            {
                FailingNodes = Failures.Nodes(_nodes.All),
                NodeLabels = Failures.NextTry is null ? NodeLabels : LabelsOf(_nodes.All.Where(n => !Failures.Spares(n))),
            };
        }
    }

    /// <summary>
    /// When those that wait can be served next, as far as time alone is in the way: their rate limit, or nodes on which the agent
    /// fails; null when it is not.
    /// </summary>
    public long? NextStart => Waiting == 0 || Drained ? null : !MayStart ? Math.Max(_starts.Next, _tokens.Next) : Failures.NextTry;

    /// <summary>
    /// The most urgent waiter that can start now; of those that are kept apart, as long as there is a node for them. Null when
    /// none can.
    /// </summary>
    /// <param name="inAttempts">Of those in the middle of attempts alone.</param>
    public SlotRequest? Head(bool inAttempts)
    {
        if (Waiting == 0 || Drained || !MayStart)
        {
            return null;
        }
        return (HasRoom, inAttempts) switch
        {
            (true, false) => Urgent(static (slots, head) => head.StartOnly || slots.HasPlace(head)),
            (true, true) => Urgent(static (slots, head) => head.InAttempt && (head.StartOnly || slots.HasPlace(head))),
            (false, _) => Urgent(static (_, head) => head.StartOnly),
        };
    }

    private bool HasRoom => LeftOfTotal > 0 && (_nodes.AreMany && !Failures.AreOnNodes ? HasRoomOfMany : Array.Exists(_nodes.All, n => FreeOn(n) > 0));

    private int LeftOfTotal => (Config.MaxConcurrencyTotal ?? int.MaxValue) - _running;

    private int Free
    {
        get
        {
            if (Drained)
            {
                return 0;
            }
            long free = 0;
            foreach (var node in _nodes.All)
            {
                free += Math.Max(0, FreeOn(node));
            }
            return (int)Math.Clamp(free, 0, Math.Max(0, LeftOfTotal));
        }
    }

    public void Configure(AgentConfig config, QueueSlots queue)
    {
        Config = config;
        ConfigureRates(config);
        Failures.Configure(config.Breaker);
        if (queue != Queue)
        {
            MoveTo(queue);
        }
        Refresh();
    }

    public int RunningOn(SlotNode node) => _inUse[node.Index];

    /// <summary>Takes a slot on the best node that has one.</summary>
    /// <param name="near">The node where the attempt's data is.</param>
    /// <param name="prefer">The labels of nodes that come first.</param>
    /// <param name="gpu">The GPU to take where there is one node, and room on it; null for the best.</param>
    /// <returns>Null when none has.</returns>
    public TakenSlot? TryTake(string? near, LabelPreference? prefer = null, int? gpu = null, Isolation? isolation = null)
    {
        if (Drained || LeftOfTotal <= 0 || !MayStart || FindSlot(near, prefer, gpu, isolation) is not { } slot)
        {
            return null;
        }
        slot.Charge = TakeStart();
        Failures.Start(slot.Home);
        return slot;
    }

    /// <summary>Takes a slot on a node, whether it is free or not.</summary>
    /// <param name="gpu">The GPU that the attempt occupies, room or not; null when it is to be chosen.</param>
    public TakenSlot Adopt(SlotNode node, int? gpu, Isolation? isolation) =>
        TakeOn(node, new PlacementDecision(node.Name, "it runs there", []), gpu, isolation);

    /// <returns>False when it has been given back already.</returns>
    public bool Release(TakenSlot slot)
    {
        if (!slot.Home.Taken.Remove(slot))
        {
            return false;
        }
        slot.Home.Apart.Remove(slot);
        slot.GpuTime?.End();
        slot.Charge?.Close();
        Count(slot.Home, -1);
        if (slot.Lease is { } lease)
        {
            slot.Home.Gpus.End(lease);
        }
        _nodes.Touch(slot.Home);
        return true;
    }

    /// <summary>A new request waits from now on.</summary>
    public void Enqueue(SlotRequest request, long order)
    {
        request.Wait(order);
        if (!_waiters.TryGetValue(KeyOf(request), out var requests))
        {
            _waiters.Add(KeyOf(request), requests = new());
        }
        requests.Add(request);
        Waiting++;
        Queue.Join(request);
    }

    /// <summary>One that waits here does so no longer.</summary>
    public void Withdraw(SlotRequest request)
    {
        Dequeue(request, served: false);
        request.Withdraw();
    }

    /// <summary>Gives one that waits here a slot; there is one.</summary>
    public void Grant(SlotRequest request)
    {
        if (request.StartOnly)
        {
            request.Charge = TakeStart();
        }
        var slot = request.StartOnly ? null : TryTake(request.Near, request.Prefer, request.Gpu, request.Isolation)!;
        Dequeue(request, served: true);
        request.Grant(slot);
    }

    /// <summary>Those that wait and have not been told that the agent is drained, which they are from now on.</summary>
    public List<SlotRequest> TakeUntold() => [.. _waiters.Values.SelectMany(static w => w.All).Where(static r => r.TakeUntold())];

    /// <summary>Nobody waits any more.</summary>
    /// <returns>Who did, in the order in which they would have been served.</returns>
    public List<SlotRequest> WithdrawAll()
    {
        var all = new List<SlotRequest>(Waiting);
        while (Urgent(static (_, _) => true) is { } head)
        {
            Withdraw(head);
            all.Add(head);
        }
        return all;
    }

    private static (string, string?, int?, bool, bool) KeyOf(SlotRequest request) =>
        (request.Tenant, request.Flow, request.Isolation?.Company, request.InAttempt, request.StartOnly);

    private TakenSlot? FindSlot(string? near, LabelPreference? prefer, int? gpu, Isolation? isolation)
    {
        if (_nodes.All is [var only])
        {
            return FreeOn(only, isolation) <= 0 ? null : TakeOn(only, only.Only, WithRoom(only, gpu), isolation);
        }
        // Where it fails on nodes, or some are preferred, all are looked at.
        var placement = _nodes.AreMany && isolation is null && prefer is null && !Failures.AreOnNodes
            ? BestOfMany(near)
            : Best(near, prefer, isolation);
        return placement?.Node is null ? null : TakeOn(_nodes.Find(placement.Node)!, placement, gpu: null, isolation);
    }

    private bool HasPlace(SlotRequest head) =>
        head.Isolation is null || Array.Exists(_nodes.All, n => FreeOn(n, head.Isolation) > 0);

    private SlotRequest? Urgent(Func<AgentSlots, SlotRequest, bool> can)
    {
        SlotRequest? best = null;
        foreach (var requests in _waiters.Values)
        {
            var head = requests.Head;
            best = (best is null || Queue.IsBefore(head, best)) && can(this, head) ? head : best;
        }
        return best;
    }

    private void Dequeue(SlotRequest request, bool served)
    {
        var requests = _waiters[KeyOf(request)];
        requests.Remove(request);
        if (requests.Count == 0)
        {
            _waiters.Remove(KeyOf(request));
        }
        Waiting--;
        Queue.Leave(request, served);
    }

    // Where least is missing.
    private string? ShortOf()
    {
        if (LeftOfTotal <= 0)
        {
            return "max_concurrency_total is reached";
        }
        var best = Shortage.Node;
        foreach (var node in _nodes.All)
        {
            var shortage = ShortageOn(node);
            best = shortage > best ? shortage : best;
        }
        return Shortages.Text(best);
    }

    private Shortage ShortageOn(SlotNode node) =>
        _fits[node.Index] != NodeFit.Fits ? Shortage.Node
        : Failures.Spares(node) ? Shortage.Failing
        : _inUse[node.Index] >= Config.MaxConcurrency ? Shortage.AgentSlots
        : Queue.Free(node) <= 0 ? Shortage.QueueSlots
        : FreeOn(node) <= 0 ? Shortage.GpuMemory
        : Shortage.None;

    // Below zero where more runs than the limits allow by now.
    private int FreeOn(SlotNode node) => Failures.Spares(node) ? 0 : RoomOn(node);

    // Whether the agent fails there or not.
    private int RoomOn(SlotNode node)
    {
        if (_fits[node.Index] != NodeFit.Fits)
        {
            return 0;
        }
        var free = Math.Min(Config.MaxConcurrency - _inUse[node.Index], Queue.Free(node));
        return free > 0 ? Math.Min(free, node.Gpus.RoomFor(_need)) : free;
    }

    private int FreeOn(SlotNode node, Isolation? isolation) => node.Admits(isolation) ? FreeOn(node) : 0;

    private int? WithRoom(SlotNode node, int? gpu) =>
        gpu is { } on && node.Gpus.HasRoom(_need, on) ? on : null;

    private PlacementDecision Best(string? near, LabelPreference? prefer, Isolation? isolation) =>
        Placer.Best(Array.ConvertAll(_nodes.All, n => LoadOn(n, near, isolation, FreeOn(n, isolation))), Config, prefer);

    private NodeLoad LoadOn(SlotNode node, string? near, Isolation? isolation, int free)
    {
        free = Math.Max(0, free);
        return new NodeLoad(
            node.Name, free,
            Math.Max((double)_inUse[node.Index] / Config.MaxConcurrency, Queue.Load(node)),
            node.Gpus.FreeBytes(Config.Name),
            !node.State.WarmAgents.IsDefault && node.State.WarmAgents.Contains(Config.Name), node.Name == near,
            NodeFits.Refusal(_fits[node.Index], Config), free > 0 ? null : WhyFull(node, isolation))
        {
            Labels = node.State.Labels,
        };
    }

    private string? WhyFull(SlotNode node, Isolation? isolation) => ShortageOn(node) switch
    {
        Shortage.Failing => Failures.On(node)!.Value.InWords(),
        var shortage => Shortages.Text(node.Admits(isolation) ? shortage : Shortage.Company),
    };

    private TakenSlot TakeOn(SlotNode node, PlacementDecision placement, int? gpu, Isolation? isolation)
    {
        var slot = new TakenSlot(
            this, node, placement, node.Gpus.Lease(_need, gpu), isolation);
        node.Taken.Add(slot);
        if (isolation is not null)
        {
            node.Apart.Add(slot);
        }
        Count(node, +1);
        _nodes.Touch(node);
        return slot;
    }

    private void Count(SlotNode node, int change)
    {
        _inUse[node.Index] += change;
        _running += change;
        Queue.Count(node, change);
        Know(node);
    }

    private void MoveTo(QueueSlots queue)
    {
        foreach (var request in _waiters.Values.SelectMany(static w => w.All))
        {
            Queue.Leave(request, served: false);
            queue.Join(request);
        }
        foreach (var node in _nodes.All)
        {
            Queue.Count(node, -RunningOn(node));
            queue.Count(node, +RunningOn(node));
        }
        Queue.Agents.Remove(this);
        Queue = queue;
        queue.Agents.Add(this);
    }
}
