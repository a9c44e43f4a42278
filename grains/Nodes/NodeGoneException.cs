namespace AgentGrid.Grains.Nodes;

/// <summary>There is no node of that name in the cluster (any more).</summary>
[GenerateSerializer, Alias("agentgrid.NodeGone")]
public sealed class NodeGoneException : OrleansException
{
    public NodeGoneException()
        : this("")
    {
    }

    public NodeGoneException(string node)
        : base($"There is no node '{node}' in the cluster.")
    {
    }

    public NodeGoneException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
