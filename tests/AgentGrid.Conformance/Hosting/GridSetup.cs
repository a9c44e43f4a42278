using System.Collections.Immutable;
using AgentGrid.Conformance.Cast;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;

namespace AgentGrid.Conformance.Hosting;

/// <summary>What an engine is started with. Null leaves the engine's own default.</summary>
public sealed record GridSetup
{
    /// <summary>Agent classes, each with its attribute.</summary>
    public ImmutableArray<Type> Agents { get; init; } = Actors.All;

    /// <summary>The configuration folder.</summary>
    public ImmutableArray<ConfigFile> Files { get; init; } = [Actors.Config];

    public int? MaxActiveRuns { get; init; }
    public int? MaxQueuedRuns { get; init; }
    public int? FeedBuffer { get; init; }
    public int? MaxOutputBytes { get; init; }
    public TimeSpan? CancelGrace { get; init; }
    public TimeSpan? DrainTimeout { get; init; }
    public WebhookOptions? Webhooks { get; init; }

    /// <summary>What may be written; where is the host's choice.</summary>
    public ArtifactOptions? Artifacts { get; init; }
}
