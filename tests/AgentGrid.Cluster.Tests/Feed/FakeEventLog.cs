using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.GrainClient.Feed;
using AgentGrid.GrainInterfaces.Feed;

namespace AgentGrid.Cluster.Tests.Feed;

/// <summary>A log in memory, whose turns can also be had as the stream would bring them.</summary>
internal sealed class FakeEventLog : IEventLog
{
    private static readonly RunId Run = RunId.Parse("0198c0de000070008000000000000001");
    private readonly SortedDictionary<long, FeedEvent> _events = [];
    private readonly Dictionary<FeedTurn, ImmutableArray<FeedEvent>> _turns = [];
    private readonly Lock _gate = new();
    private int _made;

    public long Last { get; private set; }
    public int Reads { get; private set; }

    /// <summary>How often it was asked while it was away.</summary>
    public int Refusals { get; private set; }
    public bool Away { get; set; }

    /// <summary>What happens between a read and whoever gets what it has found.</summary>
    public Action? AfterRead { get; set; }

    /// <param name="count">How many events the turn has.</param>
    public FeedTurn Append(int count)
    {
        lock (_gate)
        {
            for (var i = 0; i < count; i++)
            {
                var e = new FeedEvent(++Last, Run, "m", $"stage{++_made}", false, BitConverter.GetBytes(_made));
                _events.Add(e.Seq, e);
            }
            var turn = new FeedTurn(Last, Run.Value, "m", "1", [(byte)count]);
            _turns.Add(turn, [.. _events.Values.TakeLast(count)]);
            return turn;
        }
    }

    public ImmutableArray<FeedEvent> EventsOf(FeedTurn turn) => turn.Record.Length == 0 ? [] : _turns[turn];

    /// <summary>Events that have been swept away; their numbers stay used.</summary>
    public void Remove(long from, long to)
    {
        lock (_gate)
        {
            for (var seq = from; seq <= to; seq++)
            {
                _events.Remove(seq);
            }
        }
    }

    /// <summary>Redis has come back without its last events; the next one gets the number after this.</summary>
    public void LoseAfter(long seq)
    {
        lock (_gate)
        {
            Remove(seq + 1, Last);
            Last = seq;
        }
    }

    public Task<long> LastSeqAsync()
    {
        lock (_gate)
        {
            if (!Away)
            {
                return Task.FromResult(Last);
            }
            Refusals++;
            return Task.FromException<long>(new TimeoutException("Redis is away."));
        }
    }

    public Task<FeedPage> ReadAsync(FeedQuery query, long after, int most)
    {
        lock (_gate)
        {
            Reads++;
            ImmutableArray<FeedEvent> events =
                [.. _events.Values.Where(e => e.Seq > after && query.Matches(e)).Take(most)];
            var next = events.IsEmpty ? after : events[^1].Seq;
            var page = new FeedPage(events, next, AtEnd: _events.Keys.All(seq => seq <= next));
            AfterRead?.Invoke();
            return Task.FromResult(page);
        }
    }
}
