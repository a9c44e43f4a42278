using AgentGrid.GrainInterfaces.Agents;

namespace AgentGrid.Grains.Nodes;

/// <summary>One agent on one node, wherever that is: as <see cref="IAgentGrain"/> says it.</summary>
internal interface IAgentOnNode
{
    /// <inheritdoc cref="IAgentGrain.InvokeAsync"/>
    Task<InvocationReply> InvokeAsync(InvocationRequest request);

    /// <inheritdoc cref="IAgentGrain.JoinAsync"/>
    Task<InvocationReply> JoinAsync(string slot);

    /// <inheritdoc cref="IAgentGrain.CancelAsync"/>
    Task CancelAsync(string slot);
}
