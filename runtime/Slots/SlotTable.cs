using System.Collections.Immutable;
using AgentGrid.Core.Config;
using AgentGrid.Core.Routing;

namespace AgentGrid.Runtime.Slots;

/// <summary>
/// Who may run now: slots per agent and per queue, in memory. A slot is held by a live invocation and by nothing
/// else, so a crash cannot strand one.
/// </summary>
public sealed class SlotTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, AgentSlots> _agents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, QueueSlots> _queues = new(StringComparer.Ordinal);
    private Dictionary<string, AgentSlots[]> _byCapability = new(StringComparer.Ordinal);
    private long _order;
    private bool _draining;

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
                agent.Config = agent.Config with { Enabled = false };
            }
            foreach (var agent in config.Agents.Values)
            {
                Put(agent);
            }
            foreach (var agent in _agents.Values.Where(a => !a.Config.Enabled))
            {
                gone.AddRange(agent.TakeAllWaiting());
            }
            _byCapability = _agents.Values.Where(a => a.Config.Enabled)
                .SelectMany(a => a.Config.Capabilities.Select(c => (Capability: c, Agent: a)))
                .GroupBy(x => x.Capability)
                .ToDictionary(g => g.Key, g => g.Select(x => x.Agent).ToArray(), StringComparer.Ordinal);
            foreach (var queue in _queues.Values)
            {
                Grant(queue, granted);
            }
        }
        gone.ForEach(r => r.Waiter.OnAgentGone());
        granted.ForEach(r => r.Waiter.OnGranted());
    }

    /// <summary>Lets an agent take no further attempts, or take them again.</summary>
    /// <returns>False when there is no such agent.</returns>
    public bool Drain(string agent, bool drained)
    {
        List<SlotRequest> granted = [];
        lock (_gate)
        {
            if (!_agents.TryGetValue(agent, out var slots))
            {
                return false;
            }
            slots.Drained = drained;
            Grant(slots.Queue, granted);
        }
        granted.ForEach(r => r.Waiter.OnGranted());
        return true;
    }

    /// <summary>From now on nothing is granted any more.</summary>
    public void Drain()
    {
        lock (_gate)
        {
            _draining = true;
        }
    }

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

    /// <summary>Takes a slot, unless none is free or others wait for one already.</summary>
    public bool TryTake(string agent)
    {
        lock (_gate)
        {
            if (_draining || !_agents.TryGetValue(agent, out var slots) || !slots.Config.Enabled
                || slots.Waiting > 0 || slots.Free <= 0)
            {
                return false;
            }
            slots.Take();
            return true;
        }
    }

    /// <summary>Waits for a slot; the waiter is told when it has one, which can be at once.</summary>
    public void Wait(SlotRequest request)
    {
        List<SlotRequest> granted = [];
        var gone = false;
        lock (_gate)
        {
            if (!_agents.TryGetValue(request.Agent, out var slots) || !slots.Config.Enabled)
            {
                gone = true;
            }
            else
            {
                request.Order = _order++;
                slots.Enqueue(request);
                Grant(slots.Queue, granted);
            }
        }
        if (gone)
        {
            request.Waiter.OnAgentGone();
        }
        granted.ForEach(r => r.Waiter.OnGranted());
    }

    /// <summary>Stops waiting.</summary>
    /// <returns>False when the slot was granted before: then it has to be released.</returns>
    public bool Withdraw(SlotRequest request)
    {
        lock (_gate)
        {
            if (request.Status == SlotRequestStatus.Granted)
            {
                return false;
            }
            if (request.Status == SlotRequestStatus.Waiting)
            {
                request.Status = SlotRequestStatus.Withdrawn;
                if (_agents.TryGetValue(request.Agent, out var slots))
                {
                    slots.Left(request, served: false);
                }
            }
            return true;
        }
    }

    public void Release(string agent)
    {
        List<SlotRequest>? granted = null;
        lock (_gate)
        {
            var slots = _agents[agent];
            slots.Release();
            if (slots.Queue.Waiting > 0)
            {
                Grant(slots.Queue, granted = []);
            }
        }
        granted?.ForEach(r => r.Waiter.OnGranted());
    }

    private void Put(AgentConfig config)
    {
        var queue = QueueOf(config.Queue);
        if (!_agents.TryGetValue(config.Name, out var slots))
        {
            slots = new AgentSlots(config, queue);
            _agents.Add(config.Name, slots);
            queue.Agents.Add(slots);
            return;
        }
        slots.Config = config;
        if (slots.Queue != queue)
        {
            slots.MoveTo(queue);
        }
    }

    private QueueSlots QueueOf(string name)
    {
        if (!_queues.TryGetValue(name, out var queue))
        {
            _queues.Add(name, queue = new QueueSlots());
        }
        return queue;
    }

    private void Grant(QueueSlots queue, List<SlotRequest> granted)
    {
        while (!_draining && queue.Waiting > 0 && queue.Free > 0)
        {
            SlotRequest? best = null;
            AgentSlots? bestAgent = null;
            foreach (var agent in queue.Agents)
            {
                if (agent.Free > 0 && agent.Head is { } head
                    && (best is null || queue.IsBefore(head, best)))
                {
                    (best, bestAgent) = (head, agent);
                }
            }
            if (bestAgent is null)
            {
                return;
            }
            granted.Add(bestAgent.GrantHead());
        }
    }
}
