using System.Collections.Immutable;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;

namespace AgentGrid.Api.Health;

/// <summary>How the server is. Status: <c>ok</c>, <c>degraded</c> (somebody should look), <c>unavailable</c>.</summary>
/// <param name="DrainedAgents">The names of the agents that an operator has drained, sorted.</param>
public sealed record HealthView(
    string Status, string Engine, bool Ready, ImmutableArray<string> Problems, int ActiveRuns, int QueuedRuns,
    long LastSeq, int OpenFeeds, ImmutableArray<string> DrainedAgents, ConfigHealth Config, string Version) : IHealthView
{
    private static readonly string ProductVersion =
        typeof(HealthView).Assembly.GetName().Version?.ToString(3) ?? "unknown";

    public static HealthView Of(GridHealth health, int openFeeds) => new(
        !health.Ready ? "unavailable"
            : health.Problems.IsEmpty && health.ConfigProblems.IsEmpty ? "ok"
            : "degraded",
        health.Engine, health.Ready, health.Problems, health.ActiveRuns, health.QueuedRuns, health.LastSeq, openFeeds, health.DrainedAgents,
        new ConfigHealth(health.ConfigLoadedAt, health.ConfigChanges, health.ConfigProblems), ProductVersion);
}

/// <summary>
/// When the configuration in force was read, what it changed then (empty when nothing has changed since the start), and
/// what is wrong with the files as they are now.
/// </summary>
public sealed record ConfigHealth(
    DateTimeOffset? LoadedAt, ImmutableArray<string> Changes, ImmutableArray<ConfigProblem> Problems);

/// <summary>The answer of the two probes.</summary>
internal sealed record ProbeView(string Status);
