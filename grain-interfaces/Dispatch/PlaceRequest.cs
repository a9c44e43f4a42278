using AgentGrid.Core.Plans;

namespace AgentGrid.GrainInterfaces.Dispatch;

/// <summary>A run that wants to be driven.</summary>
/// <param name="Group">Those that it is counted with; null for none.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.PlaceRequest")]
public sealed record PlaceRequest(
    [property: Id(0)] string RunId, [property: Id(1)] int Priority, [property: Id(2)] string? Tenant,
    [property: Id(3)] PlaceGroup? Group = null);

/// <summary>The runs that one is counted with.</summary>
/// <param name="MatchId">That of the run, by which it can be told.</param>
/// <param name="Name">The plan, and what its runs are counted by.</param>
/// <param name="Max">How many of them may have been started.</param>
/// <param name="Policy">A <see cref="ConcurrencyPolicy"/>.</param>
/// <param name="Since">When the run began to wait for its turn.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.PlaceGroup")]
public sealed record PlaceGroup(
    [property: Id(0)] string MatchId, [property: Id(1)] string Name, [property: Id(2)] int Max, [property: Id(3)] int Policy,
    [property: Id(4)] DateTimeOffset Since);
