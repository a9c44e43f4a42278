using AgentGrid.Core;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.RunLog.Connections;
using Orleans.Concurrency;

namespace AgentGrid.Grains.Nodes;

/// <inheritdoc cref="INodeGrain"/>
[Reentrant, PlacedOnNode, GrainType("agentgrid.node")]
internal sealed class NodeGrain(Node node, RedisReach reach) : Grain, INodeGrain
{
    public Task<NodeReport> DescribeAsync() => Task.FromResult(node.Describe() with { RedisFor = reach.WellFor });

    public Task<NodeStatistics> GetStatisticsAsync() => Task.FromResult(new NodeStatistics
    {
        Agents = [.. node.Config.Current.Agents.Keys.Select(CountsOf)],
        Node = node.Name,
        AgentProblems = node.Invocations.Agents.Problems(),
        ConfigLoadedAt = node.Config.LoadedAt,
        ConfigChanges = node.Config.Changes,
        ConfigProblems = node.Config.Problems,
    });

    private AgentCounts CountsOf(string agent)
    {
        var counts = node.Statistics.Of(agent);
        var health = node.Invocations.Agents.HealthOf(agent);
        return new AgentCounts
        {
            Agent = agent,
            Succeeded = counts.Succeeded,
            Failed = counts.Failed,
            TimedOut = counts.TimedOut,
            Cancelled = counts.Cancelled,
            Abandoned = node.Abandoned.Count(agent),
            AbandonedAttempts = node.Abandoned.Named(agent),
            LatencyBuckets = counts.Latencies.Filled(),
            LongestLatency = counts.Latencies.Longest,
            Condition = (int?)health?.Condition,
            Problem = health?.Problem,
            LastFailures = counts.LastFailures is { IsEmpty: false } failures ? Json.From(failures) : null,
        };
    }
}
