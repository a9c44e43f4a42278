using AgentGrid.Api.Feed;
using AgentGrid.Api.Orchestrate;
using AgentGrid.Core.Grid;

namespace AgentGrid.Api.Health;

/// <summary>The health of a server with the whole API: that of its grid, and what the server itself has to say.</summary>
internal sealed class ServerHealth(IAgentGrid grid, FeedSlots slots, MemoryGate memory) : IHealth
{
    public async ValueTask<bool> IsReadyAsync(CancellationToken cancellationToken) =>
        (await grid.GetHealthAsync(cancellationToken)).Ready;

    public async ValueTask<IHealthView> DescribeAsync(CancellationToken cancellationToken)
    {
        var health = await grid.GetHealthAsync(cancellationToken);
        if (memory.Problem is { } problem)
        {
            health = health with { Problems = health.Problems.Add(problem) };
        }
        return HealthView.Of(health, slots.Open);
    }
}
