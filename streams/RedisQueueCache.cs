using System.Diagnostics.CodeAnalysis;
using Orleans.Streams;

namespace AgentGrid.Streams;

/// <summary>
/// The newest entries of a queue, in a ring. A subscriber is nothing but a place in it: one that falls out is told so,
/// and nobody is ever waited for.
/// </summary>
internal sealed class RedisQueueCache(int size, int mostAtOnce) : IQueueCache
{
    private readonly RedisBatch[] _ring = new RedisBatch[size];
    private readonly List<Cursor> _cursors = [];
    private readonly Lock _gate = new();
    private long _first;
    private long _next;

    public int GetMaxAddCount() => mostAtOnce;

    public bool IsUnderPressure() => false;

    // Entries go when others take their place.
    public bool TryPurgeFromCache([MaybeNullWhen(false)] out IList<IBatchContainer> purgedItems)
    {
        purgedItems = null;
        return false;
    }

    public void AddToCache(IList<IBatchContainer> messages)
    {
        lock (_gate)
        {
            foreach (var message in messages)
            {
                _ring[_next++ % _ring.Length] = (RedisBatch)message;
            }
            _first = Math.Max(_first, _next - _ring.Length);
        }
    }

    /// <param name="token">
    /// What to begin with; null for what is to come. One that is not there yet is waited for.
    /// </param>
    /// <exception cref="QueueCacheMissException">It is older than what is kept.</exception>
    public IQueueCacheCursor GetCacheCursor(StreamId streamId, StreamSequenceToken? token)
    {
        lock (_gate)
        {
            if (token is null)
            {
                return CursorAt(streamId, _next, from: 0);
            }
            var from = token.SequenceNumber;
            return _first < _next && from < At(_first).Position
                ? throw Missed(token)
                : CursorAt(streamId, IndexOf(from), from);
        }
    }

    public QueueCacheCursorResult<IQueueCacheCursor> TryGetCacheCursorAtPosition(
        StreamId streamId, StreamSubscriptionStartPosition startPosition)
    {
        lock (_gate)
        {
            return QueueCacheCursorResult<IQueueCacheCursor>.FromCursor(CursorAt(
                streamId, startPosition == StreamSubscriptionStartPosition.EarliestAvailable ? _first : _next, from: 0));
        }
    }

    /// <summary>Forgets all entries; who waits for one of them waits for what comes next.</summary>
    public void StartOver()
    {
        lock (_gate)
        {
            _first = _next;
            _cursors.ForEach(static c => c.StartOver());
        }
    }

    /// <summary>The newest entry that every subscriber is done with; null while there is none.</summary>
    public long? Delivered()
    {
        lock (_gate)
        {
            var done = _cursors.Aggregate(_next, static (least, cursor) => Math.Min(least, cursor.Done));
            return done > _first ? At(done - 1).Position : null;
        }
    }

    private Cursor CursorAt(StreamId stream, long index, long from)
    {
        var cursor = new Cursor(this, stream, index, from);
        _cursors.Add(cursor);
        return cursor;
    }

    // The first entry that is not older.
    private long IndexOf(long position)
    {
        var (low, high) = (_first, _next);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            if (At(middle).Position < position)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return low;
    }

    private RedisBatch At(long index) => _ring[index % _ring.Length];

    private QueueCacheMissException Missed(StreamSequenceToken asked) =>
        new(asked, At(_first).SequenceToken, At(_next - 1).SequenceToken);

    private sealed class Cursor(RedisQueueCache cache, StreamId stream, long at, long from) : IQueueCacheCursor
    {
        private long _at = at;
        private long _from = from;
        private RedisBatch? _current;

        /// <summary>The index before which everything has been delivered.</summary>
        public long Done => _current is null ? _at : _at - 1;

        public IBatchContainer? GetCurrent(out Exception? exception)
        {
            exception = null;
            return _current;
        }

        public bool MoveNext()
        {
            lock (cache._gate)
            {
                if (_at < cache._first)
                {
                    throw cache.Missed(cache.At(cache._first).SequenceToken);
                }
                _current = null;
                while (_current is null && _at < cache._next)
                {
                    var next = cache.At(_at++);
                    _current = next.StreamId == stream && next.Position >= _from ? next : null;
                }
                return _current is not null;
            }
        }

        public void StartOver() => (_at, _from) = (cache._next, 0);

        public void Refresh(StreamSequenceToken token)
        {
            // A place in the ring is a place in the queue: there is nothing to look for again.
        }

        public void RecordDeliveryFailure()
        {
            // It was tried for as long as the agent is told to; after that the subscriber hears of it.
        }

        public void Dispose()
        {
            lock (cache._gate)
            {
                cache._cursors.Remove(this);
            }
        }
    }
}
