using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace AgentGrid.Grains.Nodes;

/// <summary>
/// Finds the silo of a node by its name. Which node it is has been decided by the dispatcher; here it is checked once
/// more that an agent never lands where its hardware is not, whatever was asked for.
/// </summary>
internal sealed class OnNodeDirector(
    ISiloStatusOracle silos, ISiloMetadataCache metadata, IServiceProvider services) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(
        PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var key = target.GrainIdentity.Key.ToString()!;
        var end = key.LastIndexOf('|');
        var name = end < 0 ? key : key[..end];
        foreach (var silo in context.GetCompatibleSilos(target))
        {
            if (silos.TryGetSiloName(silo, out var other) && other == name)
            {
                if (end >= 0)
                {
                    CheckHardware(silo, name, key[(end + 1)..]);
                }
                return Task.FromResult(silo);
            }
        }
        throw new NodeGoneException(name);
    }

    private void CheckHardware(SiloAddress silo, string node, string agent)
    {
        // Asked for late: the node cannot be made before the silo that this director belongs to.
        var config = ((Node)services.GetService(typeof(Node))!).Config.Current;
        if (!config.Agents.TryGetValue(agent, out var wanted))
        {
            return;
        }
        var has = metadata.GetSiloMetadata(silo).Metadata;
        if (NodeMetadata.Refusal(has, wanted) is { } refusal)
        {
            throw NodeRefusesException.Of(agent, node, refusal);
        }
    }
}
