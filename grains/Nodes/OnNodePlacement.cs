using Orleans.Placement;
namespace AgentGrid.Grains.Nodes;

/// <summary>Places a grain on the node that its key begins with: <c>node</c> or <c>node|agent</c>.</summary>
[Serializable, GenerateSerializer, Immutable, Alias("agentgrid.OnNode")]
internal sealed class OnNodePlacement : PlacementStrategy
{
    public static readonly OnNodePlacement Instance = new();
}

/// <inheritdoc cref="OnNodePlacement"/>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class PlacedOnNodeAttribute() : PlacementAttribute(OnNodePlacement.Instance);
