using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Plans;

namespace AgentGrid.Simulation.Tests;

/// <summary>Configurations without files, of agents that nobody has written.</summary>
internal static class Configs
{
    public static GridConfig Of(IEnumerable<AgentConfig> agents, params (string Name, string Json)[] plans)
    {
        AgentConfig[] all = [.. agents];
        return new GridConfig
        {
            Agents = all.ToImmutableSortedDictionary(static a => a.Name, static a => a, StringComparer.Ordinal),
            Queues = all.Select(static a => a.Queue).Distinct().ToImmutableSortedDictionary(static q => q, static q => new QueueConfig(q, null), StringComparer.Ordinal),
            Plans = plans.Select(static p => PlanOf(p.Name, p.Json)).ToImmutableSortedDictionary(static p => p.Name, static p => p, StringComparer.Ordinal),
        };
    }

    private static Plan PlanOf(string name, string json)
    {
        var read = PlanReader.ReadJson(name, Json.Parse(json));
        return read.Plan ?? throw new InvalidOperationException(string.Join('\n', read.Problems));
    }
}
