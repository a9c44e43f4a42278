using AgentGrid.Core;

namespace AgentGrid.GrainInterfaces.Matches;

/// <summary>How far an agent is with an attempt.</summary>
/// <param name="Fraction">0 to 1.</param>
/// <param name="Message">For people; null for none.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.ProgressReport")]
public sealed record ProgressReport(
    [property: Id(0)] RunId RunId, [property: Id(1)] string Step, [property: Id(2)] int Attempt,
    [property: Id(3)] double Fraction, [property: Id(4)] string? Message);
