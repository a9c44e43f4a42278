using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces.Feed;
using AgentGrid.RunLog;

namespace AgentGrid.GrainClient.Feed;

/// <summary>The events of the run log.</summary>
internal sealed class RunLogEvents(RedisRunLog log) : IEventLog
{
    public Task<long> LastSeqAsync() => log.LastSeqAsync();

    public Task<FeedPage> ReadAsync(FeedQuery query, long after, int most) => log.ReadEventsAsync(query, after, most);

    public ImmutableArray<FeedEvent> EventsOf(FeedTurn turn) =>
        FeedReader.EventsOf(turn.Last, turn.Run, new RunKey(turn.MatchId, turn.Round), turn.Record);
}
