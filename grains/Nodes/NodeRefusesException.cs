namespace AgentGrid.Grains.Nodes;

/// <summary>A node does not have what an agent needs: its queue, or a GPU that is large enough.</summary>
[GenerateSerializer, Alias("agentgrid.NodeRefuses")]
public sealed class NodeRefusesException : OrleansException
{
    public NodeRefusesException()
        : this("A node does not have what an agent needs.")
    {
    }

    public NodeRefusesException(string message)
        : base(message)
    {
    }

    public NodeRefusesException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
