using AgentGrid.Core.Agents;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Slots;

// Agents that fail on some of their nodes: others are asked first, as long as there are others.
internal sealed partial class SlotSimulation
{
    private static readonly BreakerPolicy s_breaker = new(2, TimeSpan.FromSeconds(30));

    // Failures that are further apart are not in a row.
    private static readonly TimeSpan s_row = TimeSpan.FromMinutes(5);

    private readonly Dictionary<(string Agent, string Node), (int InARow, TimeSpan At, TimeSpan? NextTry)> _failing = [];

    private void Report()
    {
        var (agent, node) = (Any(s_agents), AnyNode()!);
        var hasFailed = _random.Next(6) > 0;
        Note($"{agent} {(hasFailed ? "fails" : "succeeds")} on {node}");
        if (!_agents.TryGetValue(agent, out var config))
        {
            _table.Report(agent, node, hasFailed); // nobody knows it
            return;
        }
        if (!hasFailed)
        {
            Count(_failing.Remove((agent, node), out var was) && was.NextTry is not null ? "works on a node again" : "succeeds");
        }
        else
        {
            _failing.TryGetValue((agent, node), out var row);
            var inARow = row.NextTry is not null || _time.Passed - row.At <= s_row ? row.InARow + 1 : 1;
            TimeSpan? nextTry = inARow >= config.Breaker.Failures || row.NextTry is not null ? _time.Passed + config.Breaker.Cooldown : null;
            _failing[(agent, node)] = (inARow, _time.Passed, nextTry);
            Count(nextTry is null ? "fails" : "fails on a node");
        }
        _table.Report(agent, node, hasFailed);
    }

    private bool IsSpared(string agent, NodeState node)
    {
        bool IsAvoided(string name) => _failing.TryGetValue((agent, name), out var row) && row.NextTry > _time.Passed;
        return IsAvoided(node.Name) && _nodes.Values.Any(n => CanRun(_agents[agent], n) && !IsAvoided(n.Name));
    }

    private static bool CanRun(AgentConfig agent, NodeState node) =>
        !node.Draining && node.Queues?.Contains(agent.Queue) != false
        && (agent.Resources.GpuMemoryBytes is 0 || node.Gpus is not { } gpus || gpus.Any(g => g.TotalBytes >= agent.Resources.GpuMemoryBytes));

    // The first that starts when it is time finds out, and others go on being spared.
    private void Probe(string agent, string node)
    {
        if (_failing.TryGetValue((agent, node), out var row) && row.NextTry <= _time.Passed)
        {
            Count("finds out whether its agent works on a node again");
            _failing[(agent, node)] = row with { NextTry = _time.Passed + _agents[agent].Breaker.Cooldown };
        }
    }

    private void ForgetFailures(Func<string, string, bool> which)
    {
        foreach (var place in _failing.Keys.Where(k => which(k.Agent, k.Node)).ToArray())
        {
            _failing.Remove(place);
        }
    }
}
