using AgentGrid.Core.Agents;
using AgentGrid.Core.Routing;
using AgentGrid.Engine.Slots;
using AgentGrid.Simulation.Clock;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>
/// Where agents fail, as one life of the dispatcher has heard it; and beside it what it has heard, to see that nodes are spared as
/// long as there are others.
/// </summary>
internal sealed class SimulatedHealth(World world, SimulatedCluster cluster)
{
    public static readonly BreakerPolicy Policy = new(1, TimeSpan.FromMinutes(2));

    private static readonly TimeSpan s_row = TimeSpan.FromMinutes(5);

    private readonly SlotClock _clock = new(new SimulatedTime(world.Clock));
    private readonly Dictionary<string, AgentBreakers> _breakers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SlotNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Agent, string Node), (int InARow, TimeSpan At)> _heard = [];

    public void Report(string agent, string node, bool hasFailed)
    {
        Of(agent).End(Nodes().FirstOrDefault(n => n.Name == node), hasFailed);
        if (!hasFailed)
        {
            _heard.Remove((agent, node));
            return;
        }
        var row = _heard.GetValueOrDefault((agent, node));
        var isInARow = row.InARow >= Policy.Failures || world.Clock.Now - row.At <= s_row;
        _heard[(agent, node)] = (isInARow ? row.InARow + 1 : 1, world.Clock.Now);
    }

    /// <summary>Other nodes are asked, or waited for.</summary>
    public bool Spares(string agent, string node) => world.Mistake != Mistake.AsksNodesThatFail && Of(agent).Spares(_nodes[node]);

    public AgentLoad AddTo(AgentLoad load)
    {
        var breakers = Of(load.Agent.Name);
        return load with
        {
            Failing = breakers.State,
            FailingNodes = breakers.Nodes([.. Nodes()]),
            NodeLabels = [.. _nodes.Values.Select(static n => n.State.Labels!).Distinct()],
        };
    }

    public void Start(string agent, string node)
    {
        // What is said to be failing after so many in a row, and for so long after the last of them.
        bool Fails(string name) => _heard.TryGetValue((agent, name), out var row) && row.InARow >= Policy.Failures
            && world.Clock.Now < row.At + Policy.Cooldown;
        var others = Nodes().Where(n => n.Name != node).ToArray();
        cluster.World.Spared += others.Any(n => Fails(n.Name)) && !Fails(node) ? 1 : 0;
        world.Check(
            !Fails(node) || others.All(n => _heard.ContainsKey((agent, n.Name))),
            $"{agent} is asked on {node}, where it has failed {_heard.GetValueOrDefault((agent, node)).InARow} times in a row, and there are others where it does not");
        Of(agent).Start(_nodes[node]);
    }

    private AgentBreakers Of(string agent)
    {
        if (!_breakers.TryGetValue(agent, out var breakers))
        {
            _breakers.Add(agent, breakers = new AgentBreakers(_clock, () => [.. Nodes()]));
            breakers.Configure(Policy);
        }
        var there = Nodes().ToHashSet();
        breakers.OnNodesChanged(_nodes.Count);
        foreach (var gone in _nodes.Values.Where(n => !there.Contains(n)))
        {
            breakers.Forget(gone);
        }
        return breakers;
    }

    // An index is never used again, unlike in a table.
    private IEnumerable<SlotNode> Nodes()
    {
        foreach (var node in cluster.Nodes.Where(static n => !n.IsGone))
        {
            if (!_nodes.TryGetValue(node.Name, out var place))
            {
                _nodes.Add(node.Name, place = new SlotNode(_nodes.Count, new NodeState { Name = node.Name, Labels = node.Labels }));
            }
            yield return place;
        }
    }
}
