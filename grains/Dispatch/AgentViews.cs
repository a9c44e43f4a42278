using System.Collections.Immutable;
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
        var counts = nodes.SelectMany(n => n.Agents).ToLookup(c => c.Agent, StringComparer.Ordinal);
        return
        [
            .. loads.OrderBy(l => l.Agent.Name, StringComparer.Ordinal).Select(l => Of(l, [.. counts[l.Agent.Name]])),
        ];
    }

    private static AgentDetails Of(AgentLoad load, IReadOnlyList<GrainInterfaces.Agents.AgentCounts> counts)
    {
        var latency = new LatencyHistogram();
        foreach (var part in counts)
        {
            latency.Merge(part.LatencyBuckets, part.LongestLatency);
        }
        return new AgentDetails
        {
            Config = load.Agent,
            Running = load.Running,
            Waiting = load.Waiting,
            Drained = load.Drained,
            Abandoned = counts.Sum(c => c.Abandoned),
            Succeeded = counts.Sum(c => c.Succeeded),
            Failed = counts.Sum(c => c.Failed),
            TimedOut = counts.Sum(c => c.TimedOut),
            Cancelled = counts.Sum(c => c.Cancelled),
            Latency = latency.Percentiles(),
        };
    }
}
