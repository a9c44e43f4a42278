using System.Collections.Immutable;
using AgentGrid.Core.Feed;

namespace AgentGrid.Embedded.Feed;

/// <summary>
/// The newest durable events, in a ring that all readers share. A reader is nothing but the number it has seen: one
/// that falls out of the ring reads from the journal until it has caught up, so nobody is ever waited for.
/// </summary>
internal sealed class FeedBuffer(int capacity, Platform platform)
{
    private readonly FeedEvent[] _ring = new FeedEvent[capacity];
    private readonly Lock _gate = new();
    private TaskCompletionSource _published = NewSignal();
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
            if (_awaited)
            {
                wake = _published;
                _published = NewSignal();
                _awaited = false;
            }
        }
        wake?.SetResult();
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

    /// <summary>Waits until there is an event after a number.</summary>
    public Task WaitAsync(long after, CancellationToken cancellationToken)
    {
        Task published;
        lock (_gate)
        {
            if (_head > after)
            {
                return Task.CompletedTask;
            }
            _awaited = true;
            published = _published.Task;
        }
        return platform.Wait(published).WaitAsync(cancellationToken);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
