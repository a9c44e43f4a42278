namespace AgentGrid.GrainClient.Feed;

/// <summary>A time in which the numbers of events only grow: it ends when Redis has come back without its last ones.</summary>
/// <param name="Start">The number after which it began.</param>
/// <param name="Ended">Is cancelled when the numbers start over, or when the tail is stopped.</param>
internal sealed record FeedEpoch(long Start, CancellationToken Ended);
