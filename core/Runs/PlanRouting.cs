using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

/// <summary>
/// Lets plans be asked as agents are. One has room for any number of attempts: these need no slot, because what works are the agents
/// of their runs.
/// </summary>
internal sealed class PlanRouting(IRoutingView agents) : IRoutingView
{
    // Runs end by what their own plans say.
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(366);

    public IReadOnlyList<AgentLoad> Offering(ImmutableArray<string> capabilities) => agents.Offering(capabilities);

    public AgentLoad? Named(string agent) => PlanCalls.Is(agent)
        ? new AgentLoad(new AgentConfig { Name = agent, MaxConcurrency = int.MaxValue, Timeout = s_longest }, 0, 0, int.MaxValue)
        : agents.Named(agent);

    /// <inheritdoc/>
    /// <returns>Of a plan no node: its run is driven somewhere, and its attempts have nodes of their own.</returns>
    public string? TryReserve(string agent, string step, int attempt) =>
        PlanCalls.Is(agent) ? "" : agents.TryReserve(agent, step, attempt);

    public Urgency? UrgencyOf(int step) => agents.UrgencyOf(step);

    public TimeSpan? P99Of(string step, string agent) => agents.P99Of(step, agent);

    public HedgeDelay HedgeAfter(Hedge hedge, string step, string agent, string node) => agents.HedgeAfter(hedge, step, agent, node);
}
