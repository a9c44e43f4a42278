using System.Collections.Immutable;
using AgentGrid.Core.Feed;

namespace AgentGrid.Runtime.Feed;

/// <summary>
/// The newest durable events, in a ring that all readers share. A reader is nothing but the number it has seen: one
/// that falls out of the ring reads from the journal until it has caught up, so nobody is ever waited for.
/// </summary>
public sealed class FeedBuffer(int capacity, Platform platform)
{
    private readonly FeedEvent[] _ring = new FeedEvent[capacity];
    private readonly Lock _gate = new();
    private TaskCompletionSource _published = NewSignal();
    private readonly FeedWaiters _waiters = new();
    private readonly List<FeedWaiter> _woken = [];
    private bool _awaited;
    private long _oldest = 1;
    private long _head;

    /// <summary>The number of the last durable event.</summary>
    public long Head => Volatile.Read(ref _head);

    /// <summary>The number of the oldest event in the ring; the next one to come when it is empty.</summary>
    public long Oldest => Volatile.Read(ref _oldest);

    /// <summary>Begins with an empty ring, behind what the journal has already.</summary>
    public void StartAfter(long seq)
    {
        lock (_gate)
        {
            _head = seq;
            _oldest = seq + 1;
        }
    }

    /// <summary>Adds events whose numbers follow those that are there, and wakes the readers.</summary>
    public void Publish(List<FeedEvent> events)
    {
        if (events.Count == 0)
        {
            return;
        }
        TaskCompletionSource? wake = null;
        lock (_gate)
        {
            foreach (var e in events)
            {
                _ring[e.Seq % capacity] = e;
            }
            Volatile.Write(ref _head, events[^1].Seq);
            _oldest = Math.Max(_oldest, _head - capacity + 1);
            _waiters.Take(events, _woken);
            if (_awaited)
            {
                wake = _published;
                _published = NewSignal();
                _awaited = false;
            }
        }
        wake?.SetResult();
        // Only the journal's thread publishes, so the list is its own.
        foreach (var waiter in _woken)
        {
            waiter.TrySetResult(waiter.Found);
        }
        _woken.Clear();
    }

    /// <summary>Copies up to <paramref name="most"/> events after a number.</summary>
    /// <returns>False when those events have left the ring.</returns>
    public bool TryRead(long after, int most, out ImmutableArray<FeedEvent> events)
    {
        lock (_gate)
        {
            if (after + 1 < _oldest)
            {
                events = [];
                return false;
            }
            var count = (int)Math.Clamp(_head - after, 0, most);
            var batch = new FeedEvent[count];
            for (var i = 0; i < count; i++)
            {
                batch[i] = _ring[(after + 1 + i) % capacity];
            }
            events = System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(batch);
            return true;
        }
    }

    /// <summary>
    /// Waits until there is an event after a number that could matter to a query. One that asks for a match, a run or
    /// stages is woken by these alone: a thousand readers of other matches cost the publisher nothing.
    /// </summary>
    /// <returns>
    /// The number to read on after; nothing that matters to the query lies before. Also returns when it is cancelled.
    /// </returns>
    public async ValueTask<long> WaitAsync(long after, FeedQuery query, CancellationToken cancellationToken)
    {
        Task published;
        FeedWaiter? waiter = null;
        lock (_gate)
        {
            if (_head > after)
            {
                return after;
            }
            if (query is { RunId: null, MatchId: null, Stage: null })
            {
                _awaited = true;
                published = _published.Task;
            }
            else
            {
                waiter = _waiters.Add(query);
                published = waiter.Task;
            }
        }
        if (waiter is null)
        {
            await platform.Wait(published).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return after;
        }
        using var cancel = cancellationToken.UnsafeRegister(_ => waiter.TrySetResult(after), null);
        var next = await platform.Wait(waiter.Task).ConfigureAwait(false);
        lock (_gate)
        {
            _waiters.Remove(waiter);
        }
        return Math.Max(after, next);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
