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

    internal static NodeRefusesException Of(string agent, string node, string refusal) =>
        new($"Agent '{agent}' cannot run on node '{node}': {refusal}");
}
