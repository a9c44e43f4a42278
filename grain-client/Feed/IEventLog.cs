using System.Collections.Immutable;
using AgentGrid.Core.Feed;
using AgentGrid.GrainInterfaces.Feed;

namespace AgentGrid.GrainClient.Feed;

/// <summary>Where all durable events are, in the order of their numbers.</summary>
internal interface IEventLog
{
    /// <summary>The number of the last durable event; 0 before the first.</summary>
    Task<long> LastSeqAsync();

    /// <summary>Events that match a query, after a number.</summary>
    Task<FeedPage> ReadAsync(FeedQuery query, long after, int most);

    /// <summary>What the stream has brought, as feeds show it; empty when it must be read from the log.</summary>
    ImmutableArray<FeedEvent> EventsOf(FeedTurn turn);
}
