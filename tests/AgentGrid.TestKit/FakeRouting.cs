using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;

namespace AgentGrid.TestKit;

/// <summary>Agents with slots, in memory; counts who holds what.</summary>
public sealed class FakeRouting : IRoutingView
{
    public const string Node = "node-1";

    public Dictionary<string, AgentConfig> Agents { get; } = [];
    public Dictionary<string, int> InUse { get; } = [];
    public HashSet<string> Drained { get; } = [];

    /// <summary>Those that fail, and that others are asked before.</summary>
    public HashSet<string> Failing { get; } = [];

    /// <summary>The work behind each step of the plan; null where nothing is known of it.</summary>
    public double[]? Behind { get; set; }

    public Urgency? UrgencyOf(int step) => Behind is { } behind ? new Urgency(UrgencyKind.LongestPath, behind[step]) : null;

    /// <summary>How long 99 of 100 attempts take, by agent; of others that is not known.</summary>
    public Dictionary<string, TimeSpan> P99 { get; } = [];

    public TimeSpan? P99Of(string step, string agent) => P99.TryGetValue(agent, out var time) ? time : null;

    /// <summary>How long attempts are waited for, by agent and node; null for what the plan says.</summary>
    public Func<string, string, HedgeDelay>? Delay { get; set; }

    public FakeRouting With(
        string name, string capability, int slots = 100, int priority = 0, RetryPolicy? retry = null,
        TimeSpan? timeout = null)
    {
        Agents[name] = new AgentConfig
        {
            Name = name,
            Capabilities = [capability],
            MaxConcurrency = slots,
            Priority = priority,
            Retry = retry ?? RetryPolicy.None,
            Timeout = timeout ?? TimeSpan.FromSeconds(10),
        };
        return this;
    }

    public IReadOnlyList<AgentLoad> Offering(ImmutableArray<string> capabilities) =>
        [.. Agents.Values.Where(a => a.Enabled && a.Capabilities.Any(capabilities.Contains)).Select(Load)];

    public AgentLoad? Named(string agent) => Agents.TryGetValue(agent, out var a) && a.Enabled ? Load(a) : null;

    public string? TryReserve(string agent, string step, int attempt)
    {
        if (Drained.Contains(agent) || !Agents.TryGetValue(agent, out var config) || InUse.GetValueOrDefault(agent) >= config.MaxConcurrency)
        {
            return null;
        }
        InUse[agent] = InUse.GetValueOrDefault(agent) + 1;
        return Node;
    }

    public HedgeDelay HedgeAfter(Hedge hedge, string step, string agent, string node) =>
        Delay?.Invoke(agent, node) ?? HedgeDelay.Fixed(hedge);

    public void Release(string agent) => InUse[agent]--;

    private AgentLoad Load(AgentConfig a)
    {
        var used = InUse.GetValueOrDefault(a.Name);
        var isDrained = Drained.Contains(a.Name);
        return new AgentLoad(a, used, 0, isDrained ? 0 : Math.Max(0, a.MaxConcurrency - used), isDrained,
            Failing: Failing.Contains(a.Name) ? new FailingState(5, IsOpen: true, TimeSpan.FromSeconds(12)) : null);
    }
}
