using AgentGrid.Core;

namespace AgentGrid.GrainInterfaces.Matches;

/// <summary>What became of an agent that was told to stop: see <see cref="Core.Runs.AttemptStop"/>.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.StopReport")]
public sealed record StopReport(
    [property: Id(0)] RunId RunId, [property: Id(1)] string Step, [property: Id(2)] int Attempt,
    [property: Id(3)] bool HasStopped, [property: Id(4)] bool Acknowledged, [property: Id(5)] double Seconds,
    [property: Id(6)] double? GpuSeconds);
