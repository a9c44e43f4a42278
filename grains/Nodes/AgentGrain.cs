using AgentGrid.GrainInterfaces.Agents;
using Orleans.Concurrency;

namespace AgentGrid.Grains.Nodes;

/// <inheritdoc cref="IAgentGrain"/>
[Reentrant, PlacedOnNode, GrainType("agentgrid.agent")]
internal sealed class AgentGrain(Node node) : Grain, IAgentGrain
{
    public Task<InvocationReply> InvokeAsync(InvocationRequest request) => node.InvokeAsync(request);

    public Task<InvocationReply> JoinAsync(string slot) => node.JoinAsync(slot);

    public Task CancelAsync(string slot)
    {
        node.Cancel(slot);
        return Task.CompletedTask;
    }
}
