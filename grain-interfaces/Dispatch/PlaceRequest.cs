namespace AgentGrid.GrainInterfaces.Dispatch;

/// <summary>A run that wants to be driven.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.PlaceRequest")]
public sealed record PlaceRequest(
    [property: Id(0)] string RunId, [property: Id(1)] int Priority, [property: Id(2)] string? Tenant);
