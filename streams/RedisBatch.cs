using Orleans.Providers.Streams.Common;
using Orleans.Streams;

namespace AgentGrid.Streams;

/// <summary>One entry, on its way to subscribers. Orleans does not copy it: those of one silo share its events.</summary>
/// <param name="Position"><see cref="EntryPosition"/>.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.streams.RedisBatch")]
internal sealed record RedisBatch(
    [property: Id(0)] StreamId StreamId, [property: Id(1)] long Position, [property: Id(2)] IReadOnlyList<object> Events,
    [property: Id(3)] Dictionary<string, object>? Context) : IBatchContainer
{
    public StreamSequenceToken SequenceToken => new EventSequenceTokenV2(Position);

    public IEnumerable<Tuple<T, StreamSequenceToken>> GetEvents<T>()
    {
        for (var i = 0; i < Events.Count; i++)
        {
            if (Events[i] is T e)
            {
                yield return Tuple.Create<T, StreamSequenceToken>(e, new EventSequenceTokenV2(Position, i));
            }
        }
    }

    public bool ImportRequestContext()
    {
        if (Context is null)
        {
            return false;
        }
        foreach (var (key, value) in Context)
        {
            RequestContext.Set(key, value);
        }
        return true;
    }
}
