using System.Collections.Immutable;
using AgentGrid.Api.Health;

namespace AgentGrid.Silo.Health;

/// <summary>How a silo is. Status: <c>ok</c>, <c>degraded</c> (somebody should look), <c>unavailable</c>.</summary>
/// <param name="Running">How many attempts run here.</param>
/// <param name="Silos">How many members the cluster has, as this one sees it.</param>
internal sealed record SiloHealthView(
    string Status, string Engine, bool Ready, ImmutableArray<string> Problems, string Node, string Cluster, int Running,
    int Silos, ConfigHealth Config) : IHealthView;
