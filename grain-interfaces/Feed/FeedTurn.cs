namespace AgentGrid.GrainInterfaces.Feed;

/// <summary>
/// The events of one turn of a run, on their way from the run log to feeds: every turn, in the order of the numbers.
/// </summary>
/// <param name="Last">The number of its last event.</param>
/// <param name="Record">As the run log has it; empty where it is too large for the stream and must be read there.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.FeedTurn")]
public sealed record FeedTurn(
    [property: Id(0)] long Last, [property: Id(1)] string Run, [property: Id(2)] string MatchId,
    [property: Id(3)] string Round, [property: Id(4)] byte[] Record);
