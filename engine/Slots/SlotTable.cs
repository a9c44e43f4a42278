using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Routing;
using AgentGrid.Engine.Driving;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Engine.Slots;

/// <summary>
/// Who may run now, and on which node: slots per agent and per queue on each node, and GPU memory, in memory. A slot is
/// held by a live invocation and by nothing else, so a crash cannot strand one. Every method can be called concurrently.
/// </summary>
public sealed partial class SlotTable
{
    private readonly SlotClock _clock;
    private readonly SlotTimer _timer;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, AgentSlots> _agents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, QueueSlots> _queues = new(StringComparer.Ordinal);
    private readonly SlotNodes _nodes = new();
    private readonly HedgeBudgets _hedges;
    private Dictionary<string, AgentSlots[]> _byCapability = new(StringComparer.Ordinal);
    private long _order;
    private bool _draining;

    /// <param name="time">
    /// By which starts are counted in rate limits, and failures in a row; null where somebody else counts them.
    /// </param>
    /// <param name="platform">Where it works when time alone has made something possible; null for any thread.</param>
    /// <param name="logger">Told of agents that fail; null for nobody.</param>
    public SlotTable(TimeProvider? time = null, Platform? platform = null, ILogger? logger = null)
    {
        _logger = logger ?? NullLogger.Instance;
        _clock = new SlotClock(time);
        _hedges = new HedgeBudgets(_clock);
        _timer = new SlotTimer(time, _clock, () => (platform ?? Platform.Process).Queue(this, preferLocal: false));
    }

    /// <summary>Puts a configuration into force. Slots that are held stay held; waiters of a removed agent are told.</summary>
    public void Configure(GridConfig config)
    {
        List<SlotRequest> gone = [], granted = [];
        lock (_gate)
        {
            foreach (var queue in _queues.Values)
            {
                queue.Slots = null;
            }
            foreach (var queue in config.Queues.Values)
            {
                QueueOf(queue.Name).Slots = queue.Slots;
            }
            foreach (var agent in _agents.Values.Where(a => !config.Agents.ContainsKey(a.Config.Name)))
            {
                agent.Configure(agent.Config with { Enabled = false }, agent.Queue);
            }
            foreach (var agent in config.Agents.Values)
            {
                Put(agent);
            }
            foreach (var agent in _agents.Values.Where(a => !a.Config.Enabled))
            {
                gone.AddRange(agent.WithdrawAll());
            }
            _byCapability = _agents.Values.Where(a => a.Config.Enabled)
                .SelectMany(a => a.Config.Capabilities.Select(c => (Capability: c, Agent: a)))
                .GroupBy(x => x.Capability)
                .ToDictionary(g => g.Key, g => g.Select(x => x.Agent).ToArray(), StringComparer.Ordinal);
            foreach (var queue in _queues.Values)
            {
                queue.ForgetRanks();
            }
            GrantAll(granted);
        }
        gone.ForEach(r => r.Waiter.OnAgentGone());
        Tell(granted);
    }

    /// <summary>Lets an agent take no further attempts, or take them again. Whoever waits for it is told.</summary>
    /// <returns>False when there is no such agent.</returns>
    public bool Drain(string agent, bool drained)
    {
        List<SlotRequest> granted = [], waiting = [];
        lock (_gate)
        {
            if (!_agents.TryGetValue(agent, out var slots))
            {
                return false;
            }
            slots.Drained = drained;
            if (drained)
            {
                waiting.AddRange(slots.TakeUntold());
            }
            Grant(slots.Queue, granted);
        }
        Tell(granted);
        waiting.ForEach(static r => r.Waiter.OnDrained());
        return true;
    }

    /// <summary>From now on nothing is granted any more, but to what attempts that run need in order to end.</summary>
    public void Drain()
    {
        lock (_gate)
        {
            _draining = true;
        }
    }

    /// <summary>The enabled agents that offer any of the capabilities, in any order.</summary>
    public IReadOnlyList<AgentLoad> Offering(ImmutableArray<string> capabilities)
    {
        lock (_gate)
        {
            if (capabilities.Length == 1)
            {
                return _byCapability.TryGetValue(capabilities[0], out var agents)
                    ? Array.ConvertAll(agents, static a => a.Load)
                    : [];
            }
            return [.. capabilities.SelectMany(c => _byCapability.GetValueOrDefault(c) ?? []).Distinct().Select(a => a.Load)];
        }
    }

    /// <summary>An enabled agent by name; null when there is none.</summary>
    public AgentLoad? Named(string agent)
    {
        lock (_gate)
        {
            return _agents.TryGetValue(agent, out var slots) && slots.Config.Enabled ? slots.Load : null;
        }
    }

    /// <summary>Every agent of the configuration, disabled ones too.</summary>
    public ImmutableArray<AgentLoad> All()
    {
        lock (_gate)
        {
            return [.. _agents.Values.Select(a => a.Load)];
        }
    }

    /// <summary>Takes a slot on the best node that has one, unless others wait for one already.</summary>
    /// <param name="near">The node where the attempt's data is; null for none.</param>
    /// <param name="hedged">What it counts for in the budget of its step; it is no backup. Null where there is none.</param>
    /// <returns>Null when none was taken.</returns>
    public TakenSlot? TryTake(string agent, string? near = null, HedgedStep? hedged = null)
    {
        lock (_gate)
        {
            var taken = !_draining && _agents.TryGetValue(agent, out var slots) && slots.Config.Enabled && slots.Waiting == 0
                ? slots.TryTake(near)
                : null;
            if (taken is not null && hedged is not null)
            {
                taken.GpuTime = _hedges.Count(hedged, taken.Agent.HasGpu);
            }
            return taken;
        }
    }

    /// <summary>
    /// Waits for a slot; the waiter is told when it has one, which can be at once. A request waits once: nothing
    /// happens when it has been here before, or was withdrawn before it came.
    /// </summary>
    public void Wait(SlotRequest request)
    {
        List<SlotRequest> granted = [];
        var (gone, drained) = (false, false);
        lock (_gate)
        {
            if (request.Status != SlotRequestStatus.New)
            {
                return;
            }
            if (_agents.TryGetValue(request.Agent, out var slots) && slots.Config.Enabled)
            {
                slots.Enqueue(request, _order++);
                drained = slots.Drained && request.TakeUntold();
                if (slots.Head(inAttempts: _draining) is not null)
                {
                    Grant(slots.Queue, granted);
                }
                else if (slots.NextStart is { } next)
                {
                    _timer.Arm(next);
                }
            }
            else
            {
                request.Withdraw();
                gone = true;
            }
        }
        if (gone)
        {
            request.Waiter.OnAgentGone();
        }
        if (drained)
        {
            request.Waiter.OnDrained();
        }
        Tell(granted);
    }

    /// <summary>The slot is not wanted any more: the request waits no longer, or never does.</summary>
    /// <returns>
    /// False when the slot was granted before (<see cref="SlotRequest.Granted"/>): then it has to be released.
    /// </returns>
    public bool Withdraw(SlotRequest request)
    {
        lock (_gate)
        {
            if (request.Status == SlotRequestStatus.Waiting)
            {
                _agents[request.Agent].Withdraw(request);
            }
            else if (request.Status == SlotRequestStatus.New)
            {
                request.Withdraw();
            }
            return request.Status != SlotRequestStatus.Granted;
        }
    }

    /// <summary>Gives a slot back. Harmless when that has been done, or its node is gone.</summary>
    public void Release(TakenSlot slot)
    {
        List<SlotRequest>? granted = null;
        lock (_gate)
        {
            if (!slot.Agent.Release(slot))
            {
                return;
            }
            foreach (var queue in _queues.Values)
            {
                if (queue.Turns.AnyWait && CanUse(queue, slot))
                {
                    Grant(queue, granted ??= []);
                }
            }
        }
        if (granted is not null)
        {
            Tell(granted);
        }
    }

    /// <summary>
    /// Gives a slot back and grants it to nobody yet: whoever has held it may be about to ask for one that goes before all that
    /// wait. Harmless when that has been done, or its node is gone.
    /// </summary>
    /// <returns>True when <see cref="Serve"/> must be called then.</returns>
    public bool Free(TakenSlot slot)
    {
        lock (_gate)
        {
            if (!slot.Agent.Release(slot))
            {
                return false;
            }
            // Others can begin to wait before it is served.
            var mayBeOwed = slot.Lease is not null || slot.Isolation is not null || slot.Agent.Queue.Turns.AnyWait;
            foreach (var queue in _queues.Values)
            {
                queue.IsOwed |= mayBeOwed && CanUse(queue, slot);
            }
            return mayBeOwed;
        }
    }

    /// <summary>Grants what <see cref="Free"/> has left.</summary>
    public void Serve()
    {
        List<SlotRequest>? granted = null;
        lock (_gate)
        {
            foreach (var queue in _queues.Values)
            {
                if (queue.IsOwed)
                {
                    Grant(queue, granted ??= []);
                }
            }
        }
        if (granted is not null)
        {
            Tell(granted);
        }
    }

    /// <summary>An attempt is not kept apart any more. Harmless when it was not, or has ended.</summary>
    public void Clear(TakenSlot slot)
    {
        List<SlotRequest> granted = [];
        lock (_gate)
        {
            if (!slot.Home.Apart.Remove(slot))
            {
                return;
            }
            slot.Isolation = null;
            GrantOn(slot.Home, granted);
        }
        Tell(granted);
    }

    /// <summary>How many wait for any agent of a queue, by tenant.</summary>
    internal IReadOnlyDictionary<string, int> WaitingFor(string queue)
    {
        lock (_gate)
        {
            return _queues.GetValueOrDefault(queue)?.Turns.Waiting ?? ImmutableDictionary<string, int>.Empty;
        }
    }

    private static void Tell(List<SlotRequest> granted)
    {
        foreach (var request in granted)
        {
            if (request.Refusal is { } reason)
            {
                request.Waiter.OnHedgeRefused(reason);
            }
            else if (request.StartOnly)
            {
                request.Waiter.OnMayStart();
            }
            else
            {
                request.Waiter.OnGranted(request.Granted!);
            }
        }
    }

    private void Put(AgentConfig config)
    {
        var queue = QueueOf(config.Queue);
        if (_agents.TryGetValue(config.Name, out var slots))
        {
            slots.Configure(config, queue);
        }
        else
        {
            _agents.Add(config.Name, new AgentSlots(config, queue, _nodes, _clock));
        }
    }

    private QueueSlots QueueOf(string name)
    {
        if (!_queues.TryGetValue(name, out var queue))
        {
            _queues.Add(name, queue = new QueueSlots(name));
            _nodes.Queues.Add(queue);
        }
        return queue;
    }
}
