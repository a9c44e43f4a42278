namespace AgentGrid.Grains.Placement;

/// <summary>Places a grain on the node that its key begins with: <c>node</c> or <c>node|agent</c>.</summary>
[Serializable, GenerateSerializer, Immutable, Alias("agentgrid.NodePlacement")]
internal sealed class NodePlacement : PlacementStrategy
{
    public static readonly NodePlacement Instance = new();
}

/// <inheritdoc cref="NodePlacement"/>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NodePlacementAttribute() : PlacementAttribute(NodePlacement.Instance);
