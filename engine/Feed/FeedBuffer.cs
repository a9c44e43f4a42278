using System.Collections.Immutable;
using AgentGrid.Core.Feed;

namespace AgentGrid.Engine.Feed;

/// <summary>
/// The newest durable events, in a ring that all readers share. A reader is nothing but the number it has seen: one
/// that falls out of the ring reads from the journal until it has caught up, so nobody is ever waited for.
/// </summary>
/// <remarks>
/// At full speed the ring is some milliseconds long, and reading from the journal is slower than the ring: a reader that
/// fell out in a short pause could stay behind for as long as the load lasts. So the ring grows for it, and shrinks when
/// nobody has needed that for a while.
/// </remarks>
public sealed class FeedBuffer(int capacity, Platform platform)
{
    private const int MostGrowth = 16;

    private FeedEvent[] _ring = new FeedEvent[capacity];
    private readonly Lock _gate = new();
    private TaskCompletionSource _published = NewSignal();
    private readonly FeedWaiters _waiters = new();
    private readonly List<FeedWaiter> _woken = [];
    private bool _awaited;
    private long _oldest = 1;
    private long _head;
    private long _deepest;
    private long _lookedAt;

    /// <summary>How many events it holds by now.</summary>
    public int Capacity
    {
        get
        {
            lock (_gate)
            {
                return _ring.Length;
            }
        }
    }

    /// <summary>The number of the last durable event.</summary>
    public long Head => Volatile.Read(ref _head);

    /// <summary>The number of the oldest event in the ring; the next one to come when it is empty.</summary>
    public long Oldest => Volatile.Read(ref _oldest);

    /// <summary>Begins with an empty ring, behind what the journal has already.</summary>
    public void StartAfter(long seq)
    {
        lock (_gate)
        {
            _head = _lookedAt = seq;
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
                _ring[e.Seq % _ring.Length] = e;
            }
            Volatile.Write(ref _head, events[^1].Seq);
            _oldest = Math.Max(_oldest, _head - _ring.Length + 1);
            ShrinkWhenNotNeeded();
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

    /// <summary>Copies up to <paramref name="most"/> events after a number; none after one beyond the newest.</summary>
    /// <returns>False when those events have left the ring.</returns>
    public bool TryRead(long after, int most, out ImmutableArray<FeedEvent> events)
    {
        lock (_gate)
        {
            // Not 'after + 1', which may be more than a number can be.
            if (after < _oldest - 1)
            {
                events = [];
                return false;
            }
            _deepest = Math.Max(_deepest, _head - after);
            var count = (int)Math.Clamp(_head - after, 0, most);
            var batch = new FeedEvent[count];
            for (var i = 0; i < count; i++)
            {
                batch[i] = _ring[(after + 1 + i) % _ring.Length];
            }
            events = System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(batch);
            return true;
        }
    }

    /// <summary>
    /// A reader that had caught up fell out: the ring grows, so that it can come back, unless it is too far behind.
    /// </summary>
    /// <param name="after">The number that it has seen.</param>
    public void FellOut(long after)
    {
        lock (_gate)
        {
            var behind = _head - after;
            if (behind <= (long)capacity * MostGrowth / 2)
            {
                var size = _ring.Length;
                while (size < 2 * behind)
                {
                    size *= 2;
                }
                Resize(Math.Min(size, capacity * MostGrowth));
            }
        }
    }

    private void ShrinkWhenNotNeeded()
    {
        if (_ring.Length == capacity || _head - _lookedAt < 4L * _ring.Length)
        {
            return;
        }
        if (_deepest < _ring.Length / 4)
        {
            Resize(Math.Max(capacity, _ring.Length / 2));
        }
        (_deepest, _lookedAt) = (0, _head);
    }

    private void Resize(int size)
    {
        if (size == _ring.Length)
        {
            return;
        }
        var ring = new FeedEvent[size];
        var oldest = Math.Max(_oldest, _head - size + 1);
        for (var seq = oldest; seq <= _head; seq++)
        {
            ring[seq % size] = _ring[seq % _ring.Length];
        }
        _ring = ring;
        Volatile.Write(ref _oldest, oldest);
        (_deepest, _lookedAt) = (0, _head);
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
