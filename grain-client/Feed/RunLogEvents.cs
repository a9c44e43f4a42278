using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces.Feed;

namespace AgentGrid.GrainClient.Feed;

/// <summary>The events of the store.</summary>
internal sealed class RunLogEvents(IRunStore log) : IEventLog
{
    public Task<long> LastSeqAsync() => log.LastSeqAsync();

    public Task<FeedPage> ReadAsync(FeedQuery query, long after, int most) => log.ReadEventsAsync(query, after, most);

    public ImmutableArray<FeedEvent> EventsOf(FeedTurn turn) =>
        log.EventsOf(turn.Last, turn.Run, new RunKey(turn.MatchId, turn.Round), turn.Record);
}
