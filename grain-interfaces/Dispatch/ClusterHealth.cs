using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.GrainInterfaces.Dispatch;

/// <summary>How the cluster is, as its silos see it.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.ClusterHealth")]
public sealed record ClusterHealth
{
    /// <summary>The nodes that take attempts.</summary>
    [Id(0)] public required ImmutableArray<string> Nodes { get; init; }
    [Id(1)] public required ImmutableArray<ConfigProblem> ConfigProblems { get; init; }

    /// <summary>When the node that read its configuration first did so: since then no node has an older one.</summary>
    [Id(2)] public DateTimeOffset? ConfigLoadedAt { get; init; }

    /// <summary>
    /// What that node's configuration changed then; empty when nothing has changed since it started, null
    /// from silos of an older version, which do not say.
    /// </summary>
    [Id(3)] public ImmutableArray<string>? ConfigChanges { get; init; }

    /// <summary>Agents that do not work as they are configured, a sentence each.</summary>
    [Id(4)] public ImmutableArray<string> AgentProblems { get; init; } = [];

    /// <summary>The names of the agents that are drained, sorted.</summary>
    [Id(5)] public ImmutableArray<string> DrainedAgents { get; init; } = [];
}
