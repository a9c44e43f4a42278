using System.Collections.Immutable;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;

namespace AgentGrid.GrainInterfaces.Agents;

/// <summary>What a node knows of agents, and its configuration.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.NodeStatistics")]
public sealed record NodeStatistics
{
    [Id(0)] public required ImmutableArray<AgentCounts> Agents { get; init; }
    [Id(1)] public required DateTimeOffset ConfigLoadedAt { get; init; }

    /// <summary>What is wrong with the current files, while the last good ones stay in force.</summary>
    [Id(2)] public ImmutableArray<ConfigProblem> ConfigProblems { get; init; } = [];

    /// <summary>
    /// What the configuration that is in force changed when it was loaded; empty after the node's start, null
    /// from a node of an older version, which does not say.
    /// </summary>
    [Id(3)] public ImmutableArray<string>? ConfigChanges { get; init; }

    /// <summary>The name of the node; null from one of an older version.</summary>
    [Id(4)] public string? Node { get; init; }

    /// <summary>Agents that do not work here as they are configured, a sentence each.</summary>
    [Id(5)] public ImmutableArray<string> AgentProblems { get; init; } = [];
}

/// <summary>
/// How often attempts of an agent ended in which way, as the runs that are driven on this node have seen it; and how
/// many invocations here were given up on and have not returned.
/// </summary>
[GenerateSerializer, Immutable, Alias("agentgrid.AgentCounts")]
public sealed record AgentCounts
{
    [Id(0)] public required string Agent { get; init; }
    [Id(1)] public long Succeeded { get; init; }
    [Id(2)] public long Failed { get; init; }
    [Id(3)] public long TimedOut { get; init; }
    [Id(4)] public long Cancelled { get; init; }
    [Id(5)] public int Abandoned { get; init; }

    /// <summary>The histogram of what succeeded: pairs of bucket and count.</summary>
    [Id(6)] public ImmutableArray<long> LatencyBuckets { get; init; } = [];
    [Id(7)] public TimeSpan LongestLatency { get; init; }

    /// <summary>How the agent is here, as <c>AgentCondition</c> counts; null for one that is a class, or not here.</summary>
    [Id(8)] public int? Condition { get; init; }

    /// <summary>What is wrong with it here; null when nothing is known to be.</summary>
    [Id(9)] public string? Problem { get; init; }

    /// <summary>Those of <see cref="Abandoned"/> that were cancelled first, in that order.</summary>
    [Id(10)] public ImmutableArray<AbandonedAttempt> AbandonedAttempts { get; init; } = [];

    /// <summary>The last failure on each node, a list of <see cref="Core.Grid.AgentFailure"/>; null for none.</summary>
    [Id(11)] public Core.Json? LastFailures { get; init; }
}
