namespace AgentGrid.GrainInterfaces.Dispatch;

/// <summary>An agent's load over all nodes.</summary>
/// <param name="Slots">How many slots it has on all nodes that can run it; null for those of one node.</param>
/// <param name="Note">Why no node can run it, whatever the load; null when one can.</param>
/// <param name="Full">Why it cannot start one more just now; null when it can.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.LoadReport")]
public sealed record LoadReport(
    [property: Id(0)] string Agent, [property: Id(1)] int Running, [property: Id(2)] int Waiting,
    [property: Id(3)] int FreeSlots, [property: Id(4)] int? Slots, [property: Id(5)] bool Drained,
    [property: Id(6)] string? Note, [property: Id(7)] string? Full);
