using System.Collections.Immutable;
using System.Text;
using AgentGrid.Core.Feed;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>A client that follows the feed, as slowly as it likes, and comes back with the last number it has seen.</summary>
internal sealed class SimulatedReader(string name, FeedQuery filter, FeedRecord record)
{
    private readonly List<long> _seen = [];
    private IAsyncEnumerator<ImmutableArray<FeedEvent>>? _feed;
    private CancellationTokenSource _stop = new();
    private Task<bool>? _next;
    private long _last = filter.After!.Value;

    public FeedQuery Filter => filter;
    public long First { get; } = filter.After!.Value;
    public long Last => _last;
    public IReadOnlyList<long> Seen => _seen;

    private bool SeesAll => filter is { MatchId: null, RunId: null, Stage: null };

    /// <summary>Asks for the next batch, when it is not waiting for one.</summary>
    public void Read(EmbeddedGrid grid)
    {
        if (_next is null)
        {
            _feed ??= grid.FollowAsync(filter with { After = _last }, _stop.Token).GetAsyncEnumerator();
            _next = _feed.MoveNextAsync().AsTask();
        }
    }

    /// <summary>Takes what has come.</summary>
    /// <returns>What is wrong with it; null when nothing is.</returns>
    public string? Take(bool gapsAllowed)
    {
        if (_next is not { IsCompleted: true } next)
        {
            return null;
        }
        _next = null;
        if (next.IsCanceled)
        {
            Disconnect();
            return null;
        }
        if (next.IsFaulted)
        {
            return $"{name} got {next.Exception.InnerException}";
        }
        if (!next.Result)
        {
            Disconnect();
            return null;
        }
        foreach (var e in _feed!.Current)
        {
            if (e.Seq <= _last || (SeesAll && !gapsAllowed && e.Seq != _last + 1))
            {
                return $"{name} got event {e.Seq} after event {_last}";
            }
            if (!filter.Matches(e))
            {
                return $"{name} wanted {filter}, and got {Encoding.UTF8.GetString(e.Utf8.Span)}";
            }
            _last = e.Seq;
            _seen.Add(e.Seq);
            if (record.Add(e) is { } problem)
            {
                return $"{name}: {problem}";
            }
        }
        return null;
    }

    /// <summary>Goes away, or finds itself cut off; comes back with the next read.</summary>
    public void Disconnect()
    {
        _stop.Cancel();
        _stop = new CancellationTokenSource();
        _feed = null;
        _next = null;
    }

    /// <summary>The process is gone, and whatever it would still have sent.</summary>
    public void Lose()
    {
        _stop = new CancellationTokenSource();
        _feed = null;
        _next = null;
    }
}

/// <summary>Everything that any reader has ever seen: none of it may ever change or go away.</summary>
internal sealed class FeedRecord
{
    private readonly SortedDictionary<long, FeedEvent> _events = [];

    public IReadOnlyDictionary<long, FeedEvent> Events => _events;

    public string? Add(FeedEvent e)
    {
        if (!_events.TryGetValue(e.Seq, out var known))
        {
            _events.Add(e.Seq, e);
            return null;
        }
        return known.Utf8.Span.SequenceEqual(e.Utf8.Span)
            ? null
            : $"event {e.Seq} was {Encoding.UTF8.GetString(known.Utf8.Span)} and is {Encoding.UTF8.GetString(e.Utf8.Span)}";
    }
}
