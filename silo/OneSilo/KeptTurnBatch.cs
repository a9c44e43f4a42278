using AgentGrid.GrainInterfaces.Feed;
using Orleans.Providers.Streams.Common;
using Orleans.Streams;

namespace AgentGrid.Silo.OneSilo;

/// <summary>Turns on their way to feeds in the same process: Orleans does not copy them.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.KeptTurnBatch")]
internal sealed record KeptTurnBatch(
    [property: Id(0)] StreamId StreamId, [property: Id(1)] long Position, [property: Id(2)] IReadOnlyList<FeedTurn> Turns)
    : IBatchContainer
{
    public StreamSequenceToken SequenceToken => new EventSequenceTokenV2(Position);

    public IEnumerable<Tuple<T, StreamSequenceToken>> GetEvents<T>() => Turns.Cast<T>().Select(
        (turn, i) => Tuple.Create<T, StreamSequenceToken>(turn, new EventSequenceTokenV2(Position, i)));

    public bool ImportRequestContext() => false;
}
