using AgentGrid.Core.Placement;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Tests.Simulation;

// Where attempts go, of the nodes that have a slot.
internal sealed partial class SimulatedDispatcher
{
    private string Place(SimulatedNode[] free, Waiter waiter)
    {
        var agent = cluster.Agents[waiter.Agent];
        var placement = Placer.Best(
            [.. free.Select(n => new NodeLoad(n.Name, 1, world.Random.NextDouble()) { Labels = n.Labels })], agent,
            world.Mistake == Mistake.ForgetsLabels ? null : waiter.Prefer);
        if (waiter.Prefer is { } prefer)
        {
            bool Matches(string node) => prefer.Wanted.Include(free.Single(n => n.Name == node).Labels);
            cluster.World.Preferred += Matches(placement.Node!) ? 1 : 0;
            world.Check(
                Matches(placement.Node!) || !free.Any(n => Matches(n.Name)),
                $"{waiter.Agent} is asked on {placement.Node}, and a node that is free has the labels that are preferred: {prefer.Wanted}");
        }
        return placement.Node!;
    }

    // Of those that are kept apart no more run on a node than each of them says.
    private bool IsApart(SimulatedNode node, Isolation? isolation)
    {
        if (isolation is not { } one || world.Mistake == Mistake.KeepsNobodyApart)
        {
            return true;
        }
        var beside = _grants.Values.Where(g => g.Node == node.Name && world.Now - g.At <= g.Isolation?.Time)
            .Select(g => g.Isolation!.Value.Company).ToList();
        return beside.Append(one.Company).All(company => company > beside.Count);
    }
}
