using System.Collections.Immutable;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;

namespace AgentGrid.GrainInterfaces.Feed;

/// <summary>Durable events on their way to feeds, in the order of their numbers, not necessarily without gaps.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.FeedBatch")]
public sealed record FeedBatch([property: Id(0)] ImmutableArray<FeedFrame> Frames);

/// <summary>One event, as feeds show it. See <see cref="FeedEvent"/>.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.FeedFrame")]
public sealed record FeedFrame(
    [property: Id(0)] long Seq, [property: Id(1)] RunId RunId, [property: Id(2)] string MatchId,
    [property: Id(3)] string Stage, [property: Id(4)] bool EndsRun, [property: Id(5)] byte[] Utf8,
    [property: Id(6)] DateTimeOffset Time)
{
    public static FeedFrame Of(FeedEvent e) =>
        new(e.Seq, e.RunId, e.MatchId, e.Stage, e.EndsRun, e.Utf8.ToArray(), e.Time);

    public FeedEvent ToEvent() => new(Seq, RunId, MatchId, Stage, EndsRun, Utf8) { Time = Time };
}
