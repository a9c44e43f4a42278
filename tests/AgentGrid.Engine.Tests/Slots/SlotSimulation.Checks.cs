using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Tests.Simulation;

namespace AgentGrid.Engine.Tests.Slots;

internal sealed partial class SlotSimulation
{
    private const int MostLines = 30;

    private void Check()
    {
        foreach (var load in _table.Table.All())
        {
            var agent = load.Agent.Name;
            Equal(_held.Count(h => h.Agent == agent), load.Running, $"slots of '{agent}' in use");
            Equal(_askers.Count(a => a.IsWaitingFor(agent)), load.Waiting, $"requests that wait for '{agent}'");
            Equal(_drained.Contains(agent), load.Drained, $"whether '{agent}' is drained");
        }
        foreach (var queue in s_queues.Append(AgentDefaults.Queue))
        {
            var waiting = _askers.Where(a => a.Stage == Stage.Waiting && _agents[a.Agent].Queue == queue)
                .CountBy(a => a.Tenant).OrderBy(t => t.Key, StringComparer.Ordinal);
            Equal(
                string.Join(", ", waiting),
                string.Join(", ", _table.Table.WaitingFor(queue).OrderBy(t => t.Key, StringComparer.Ordinal)),
                $"requests that wait for '{queue}', by tenant");
        }
        var nodes = _table.Table.Nodes();
        Equal(string.Join(", ", _nodes.Keys), string.Join(", ", nodes.Select(n => n.State.Name)), "nodes");
        foreach (var node in nodes)
        {
            CheckNode(node);
        }
        foreach (var asker in _askers)
        {
            That(asker.Request.Granted == asker.Slot, $"{asker} has another slot than it was told of");
            That(
                asker.Stage != Stage.Waiting || !_nodes.Values.Any(n => HasRoom(asker.Agent, n, asker.Request.Isolation)),
                $"{asker} waits though there is room");
            That(
                asker.Stage != Stage.Waiting || asker.IsTold || !_drained.Contains(asker.Agent),
                $"{asker} waits for an agent that is drained, and has not been told");
            if (asker.Stage == Stage.Waiting && _nodes.Values.Any(n => HasRoom(asker.Agent, n)))
            {
                Count("waits for other company");
            }
            if (asker.Stage == Stage.Waiting && _nodes.Values.Any(n => HasSlot(asker.Agent, n, asker.Request.Isolation)))
            {
                Count("waits for another node");
            }
            That(asker.Stage != Stage.Waiting || IsEnabled(asker.Agent), $"{asker} waits for an agent that is gone");
        }
    }

    private void CheckNode(NodeUsage usage)
    {
        var node = usage.State.Name;
        var here = _held.Where(h => h.Node == node).ToList();
        Equal(
            string.Join(", ", here.CountBy(h => h.Agent).OrderBy(a => a.Key, StringComparer.Ordinal)
                .Select(a => new NodeAgent(a.Key, a.Value))),
            string.Join(", ", usage.Agents), $"what runs on '{node}'");
        foreach (var queue in s_queues.Where(q => _config.Queues[q].Slots is not null))
        {
            Equal(
                here.Count(h => _agents[h.Agent].Queue == queue),
                usage.Queues.FirstOrDefault(q => q.Queue == queue)?.Running ?? 0,
                $"slots of '{queue}' in use on '{node}'");
        }
        Equal(
            string.Join(", ", here.Where(h => h.Gpu is not null).GroupBy(h => h.Gpu!.Value).OrderBy(g => g.Key)
                .Select(g => KeyValuePair.Create(g.Key, g.Sum(h => h.Bytes)))),
            string.Join(", ", usage.LeasedBytes), $"memory in use on the GPUs of '{node}'");
    }

    private void OnTaken(string agent, TakenSlot slot, int? preferred = null, Isolation? isolation = null)
    {
        That(_nodes.ContainsKey(slot.Node), $"'{agent}' was given a slot on '{slot.Node}', which is not there");
        var node = _nodes[slot.Node];
        That(IsApart(node, isolation), $"'{agent}' was given a slot on '{slot.Node}', beside others that it is kept apart from");
        That(HasRoom(agent, node), $"'{agent}' was given a slot on '{slot.Node}' that it does not have");
        var bytes = _agents[agent].Resources.GpuMemoryBytes;
        if (bytes > 0 && node.Gpus is { } gpus)
        {
            var taken = gpus.Single(g => g.Index == slot.Gpu);
            That(FreeOn(node, taken, agent) >= bytes, $"GPU {slot.Gpu} of '{slot.Node}' is over-committed");
            var passedOver = _nodes.Count == 1 && preferred is not null && preferred != slot.Gpu
                && gpus.Any(g => g.Index == preferred && FreeOn(node, g, agent) >= bytes);
            That(!passedOver, $"GPU {preferred} of '{slot.Node}' was chosen and had room, and another was taken");
        }
        Probe(agent, slot.Node);
        _held.Add(new Held(agent, slot.Node, slot.Gpu, slot.Gpu is null ? 0 : bytes, slot, isolation));
    }

    private bool IsEnabled(string agent) => _agents.TryGetValue(agent, out var config) && config.Enabled;

    // What is asked before a slot is taken, of what is held: it can be granted only into room.
    private bool HasRoom(string agent, NodeState node, Isolation? isolation = null)
    {
        return HasSlot(agent, node, isolation) && !IsSpared(agent, node);
    }

    private bool HasSlot(string agent, NodeState node, Isolation? isolation)
    {
        if (!IsApart(node, isolation) || _isClosed || !IsEnabled(agent) || _drained.Contains(agent) || node.Draining)
        {
            return false;
        }
        var config = _agents[agent];
        var bytes = config.Resources.GpuMemoryBytes;
        return node.Queues?.Contains(config.Queue) != false
            && _held.Count(h => h.Agent == agent) < (config.MaxConcurrencyTotal ?? int.MaxValue)
            && _held.Count(h => h.Agent == agent && h.Node == node.Name) < config.MaxConcurrency
            && _held.Count(h => _agents[h.Agent].Queue == config.Queue && h.Node == node.Name)
                < (_config.Queues[config.Queue].Slots ?? int.MaxValue)
            && (bytes == 0 || node.Gpus is not { } gpus || gpus.Any(g => FreeOn(node, g, agent) >= bytes));
    }

    // What is in use counts for whoever is not part of it, together with all that may still be loading.
    private long FreeOn(NodeState node, GpuState gpu, string agent)
    {
        var here = _held.Where(h => h.Node == node.Name && h.Gpu == gpu.Index).ToList();
        var leased = here.Sum(h => h.Bytes);
        var loading = here.Where(h => !gpu.WarmAgents.Contains(h.Agent)).Sum(h => h.Bytes);
        var kept = gpu.UsedHereBytes > 0 && !gpu.WarmAgents.Contains(agent) ? gpu.UsedHereBytes + loading : 0;
        return gpu.TotalBytes - gpu.UsedByOthersBytes - Math.Max(leased, kept);
    }

    private void Equal<T>(T expected, T counted, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, counted))
        {
            Fail($"{what}: the table has '{counted}', and it is '{expected}'");
        }
    }

    private void That(bool holds, string otherwise)
    {
        if (!holds)
        {
            Fail(otherwise);
        }
    }

    private void Fail(string how) => throw new SimulationFailure(
        $"seed {_seed}: {how}; after:\n{string.Join('\n', _history.TakeLast(MostLines))}");
}
