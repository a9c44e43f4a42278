using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Slots;

public sealed partial class SlotTable
{
    /// <summary>A node is there, or has changed. What runs there stays counted.</summary>
    public void PutNode(NodeState node)
    {
        List<SlotRequest> granted = [];
        lock (_gate)
        {
            var known = _nodes.Find(node.Name);
            if (known?.State.SaysTheSame(node) == true)
            {
                return;
            }
            if (known is not null && known.State.FitsTheSame(node))
            {
                known.Put(node);
                Know(known);
            }
            else
            {
                known?.Put(node);
                known ??= _nodes.Add(node);
                foreach (var agent in _agents.Values)
                {
                    agent.Refresh(known);
                }
            }
            _nodes.Touch(known);
            GrantOn(known, granted);
        }
        Tell(granted);
    }

    /// <summary>A node is gone, and with it all that ran there: no slot and no memory is held on it any more.</summary>
    /// <returns>False when there is no such node.</returns>
    public bool RemoveNode(string name)
    {
        List<SlotRequest> granted = [];
        lock (_gate)
        {
            if (_nodes.Find(name) is not { } node)
            {
                return false;
            }
            foreach (var slot in node.Taken.ToArray())
            {
                slot.Agent.Release(slot);
            }
            _nodes.Remove(node);
            foreach (var agent in _agents.Values)
            {
                agent.Lose(node);
            }
            GrantAll(granted);
        }
        Tell(granted);
        return true;
    }

    /// <summary>
    /// Counts an attempt that runs already, past the limits if need be: so a table is rebuilt from what nodes report.
    /// </summary>
    /// <param name="agent">Can be one that is not configured any more.</param>
    /// <param name="node">One that has been put.</param>
    /// <param name="gpu">The GPU that the attempt occupies; null when that is not known.</param>
    /// <param name="isolation">How it is kept apart; null when it is not.</param>
    /// <returns>Its slot, to be released when it ends.</returns>
    /// <exception cref="ArgumentException">There is no such node.</exception>
    public TakenSlot Adopt(string agent, string node, int? gpu = null, Isolation? isolation = null)
    {
        lock (_gate)
        {
            var place = _nodes.Find(node) ?? throw new ArgumentException(
                $"An attempt of '{agent}' is said to run on '{node}', but there is no such node: put it first.", nameof(node));
            if (!_agents.TryGetValue(agent, out var slots))
            {
                var unknown = new AgentConfig { Name = agent, Queue = AgentDefaults.Queue, Enabled = false };
                Put(unknown);
                slots = _agents[agent];
            }
            return slots.Adopt(place, gpu, isolation);
        }
    }

    /// <summary>Every node, by name, with what it does now.</summary>
    public ImmutableArray<NodeUsage> Nodes()
    {
        lock (_gate)
        {
            return [.. _nodes.All.Select(Usage)];
        }
    }

    /// <summary>Why a node cannot run an agent, in words that follow the node's name; null when it can.</summary>
    public string? RefusalOf(AgentConfig agent, string node)
    {
        lock (_gate)
        {
            return _nodes.Find(node) is { } place ? NodeFits.Refusal(NodeFits.Of(agent, place.State), agent) : "is not there yet";
        }
    }

    // What is loaded there may have changed.
    private void Know(SlotNode node)
    {
        foreach (var agent in node.Known.ToArray())
        {
            agent.Know(node);
        }
        foreach (var name in node.WarmAgents())
        {
            if (_agents.TryGetValue(name, out var agent))
            {
                agent.Know(node);
            }
        }
    }

    private NodeUsage Usage(SlotNode node) => new(
        node.State,
        [
            .. _agents.Values.Where(a => a.RunningOn(node) > 0).OrderBy(a => a.Config.Name, StringComparer.Ordinal)
                .Select(a => new NodeAgent(a.Config.Name, a.RunningOn(node))),
        ],
        [
            .. _queues.Values
                .Where(q => q.Slots is not null && (q.InUse(node) > 0 || node.State.Queues?.Contains(q.Name) != false))
                .OrderBy(q => q.Name, StringComparer.Ordinal)
                .Select(q => new NodeQueue(q.Name, q.InUse(node), q.Slots!.Value)),
        ],
        node.Gpus.LeasedBytes)
    {
        Failing =
        [
            .. _agents.Values.Select(a => (a.Config.Name, State: a.Failures.On(node)))
                .Where(static a => a.State is { IsOpen: true }).OrderBy(static a => a.Name, StringComparer.Ordinal)
                .Select(static a => new NodeFailure(a.Name, a.State!.Value.InARow, Math.Round(a.State.Value.NextTryIn.TotalSeconds, 3))),
        ],
    };
}
