using AgentGrid.GrainInterfaces.Agents;

namespace AgentGrid.Grains.Nodes;

/// <summary>An agent on another node.</summary>
internal sealed class AgentThere(IAgentGrain agent) : IAgentOnNode
{
    public Task<InvocationReply> InvokeAsync(InvocationRequest request) => agent.InvokeAsync(request);

    public Task<InvocationReply> JoinAsync(string slot) => agent.JoinAsync(slot);

    public Task CancelAsync(string slot) => agent.CancelAsync(slot);
}
