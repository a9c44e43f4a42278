using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Routing;
using AgentGrid.Engine.Telemetry;
using AgentGrid.GrainInterfaces.Agents;

namespace AgentGrid.Grains.Dispatch;

/// <summary>Agents as users see them: the load that the dispatcher knows, and what the nodes have counted.</summary>
internal static class AgentViews
{
    public static ImmutableArray<AgentDetails> Of(
        IEnumerable<AgentLoad> loads, IReadOnlyList<NodeStatistics> nodes)
    {
        var counts = nodes.SelectMany(n => n.Agents.Select(c => (n.Node, Counts: c)))
            .ToLookup(c => c.Counts.Agent, StringComparer.Ordinal);
        return
        [
            .. loads.OrderBy(l => l.Agent.Name, StringComparer.Ordinal).Select(l => Of(l, [.. counts[l.Agent.Name]])),
        ];
    }

    private static AgentDetails Of(
        AgentLoad load, IReadOnlyList<(string? Node, GrainInterfaces.Agents.AgentCounts Counts)> parts)
    {
        var latency = new LatencyHistogram();
        foreach (var (_, part) in parts)
        {
            latency.Merge(part.LatencyBuckets, part.LongestLatency);
        }
        return new AgentDetails
        {
            Config = load.Agent,
            Running = load.Running,
            Waiting = load.Waiting,
            Drained = load.Drained,
            Rate = load.Rate,
            Failing = load.Failing is { IsOpen: true } failing ? failing : null,
            FailingNodes = [.. load.FailingNodes?.Where(static n => n.State.IsOpen) ?? []],
            LastFailures = LastOf(parts),
            Abandoned = parts.Sum(p => p.Counts.Abandoned),
            AbandonedAttempts =
                [.. parts.SelectMany(p => p.Counts.AbandonedAttempts).OrderBy(a => a.CancelledAt)],
            Succeeded = parts.Sum(p => p.Counts.Succeeded),
            Failed = parts.Sum(p => p.Counts.Failed),
            TimedOut = parts.Sum(p => p.Counts.TimedOut),
            Cancelled = parts.Sum(p => p.Counts.Cancelled),
            Latency = latency.Percentiles(),
            Health = HealthOf([.. parts.Where(p => p.Counts.Condition is not null)]),
        };
    }

    // The same node has failures in runs that different silos drive.
    private static ImmutableArray<AgentFailure> LastOf(IReadOnlyList<(string? Node, GrainInterfaces.Agents.AgentCounts Counts)> parts) =>
    [
        .. parts.SelectMany(static p => p.Counts.LastFailures?.To<ImmutableArray<AgentFailure>>() ?? [])
            .OrderByDescending(static f => f.At).DistinctBy(static f => f.Node).Take(AgentFailure.Most),
    ];

    // Where it works on some nodes and not on others, it works, and not as it should.
    private static AgentHealth? HealthOf(
        IReadOnlyList<(string? Node, GrainInterfaces.Agents.AgentCounts Counts)> parts)
    {
        if (parts.Count == 0)
        {
            return null;
        }
        var conditions = parts.Select(p => (AgentCondition)p.Counts.Condition!.Value).ToArray();
        var problems = parts.Where(p => p.Counts.Problem is not null).Select(p => $"on node '{p.Node}': {p.Counts.Problem}");
        var condition = conditions.All(c => c == AgentCondition.Unhealthy) ? AgentCondition.Unhealthy
            : conditions.Any(c => c is AgentCondition.Unhealthy or AgentCondition.Degraded) ? AgentCondition.Degraded
            : conditions.Contains(AgentCondition.Healthy) ? AgentCondition.Healthy
            : AgentCondition.Starting;
        return new AgentHealth(condition, string.Join("; ", problems) is { Length: > 0 } text ? text : null);
    }
}
