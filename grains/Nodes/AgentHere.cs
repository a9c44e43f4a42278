using AgentGrid.Core.Config;
using AgentGrid.GrainInterfaces.Agents;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace AgentGrid.Grains.Nodes;

/// <summary>
/// An agent on the node where the run is driven: no grain is needed to reach the own process. Whether it can run here is checked as
/// the placement of <see cref="AgentGrain"/> checks it for others.
/// </summary>
internal sealed class AgentHere(Node node, string agent, ISiloMetadataCache metadata) : IAgentOnNode
{
    private sealed record Verdict(GridConfig Config, string? Refusal);

    private volatile Verdict? _verdict;

    public Task<InvocationReply> InvokeAsync(InvocationRequest request) => Refusal() is { } refusal
        ? Task.FromException<InvocationReply>(NodeRefusesException.Of(agent, node.Name, refusal))
        : node.InvokeAsync(request);

    public Task<InvocationReply> JoinAsync(string slot) => node.JoinAsync(slot);

    public Task CancelAsync(string slot)
    {
        node.Cancel(slot);
        return Task.CompletedTask;
    }

    private string? Refusal()
    {
        var config = node.Config.Current;
        if (_verdict is not { } verdict || !ReferenceEquals(verdict.Config, config))
        {
            _verdict = verdict = new Verdict(config, config.Agents.TryGetValue(agent, out var wanted)
                ? NodeMetadata.Refusal(metadata.GetSiloMetadata(node.Address).Metadata, wanted)
                : null);
        }
        return verdict.Refusal;
    }
}
