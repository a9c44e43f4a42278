using System.Diagnostics.CodeAnalysis;
using Orleans.Streams;

namespace AgentGrid.Streams;

/// <summary>
/// The newest entries of a queue, in a ring. A subscriber is nothing but a place in it, and one whose entries fall out is
/// told so.
/// </summary>
internal sealed class RedisQueueCache(int size, int mostAdded, int mostDelivered) : IQueueCache
{
    private const long Nowhere = long.MaxValue;
    private static readonly List<Cursor> s_none = [];

    private readonly int _mostDelivered = mostDelivered;
    private readonly RedisBatch[] _ring = new RedisBatch[size];
    private readonly Dictionary<StreamId, List<Cursor>> _cursors = [];
    private readonly Lock _gate = new();
    private long _first;
    private long _next;

    // The oldest entry that cursors had not delivered which are gone since the agent read last. An agent that stops does
    // away with all cursors before its receiver writes down what has been delivered.
    private long _leftBehind = Nowhere;

    public int GetMaxAddCount() => mostAdded;

    public bool IsUnderPressure() => false;

    /// <summary>Entries go when others take their place. The agent asks before it reads on: it is not about to stop.</summary>
    public bool TryPurgeFromCache([MaybeNullWhen(false)] out IList<IBatchContainer> purgedItems)
    {
        lock (_gate)
        {
            _leftBehind = Nowhere;
        }
        purgedItems = null;
        return false;
    }

    public void AddToCache(IList<IBatchContainer> messages)
    {
        lock (_gate)
        {
            foreach (var message in messages)
            {
                if (_next - _first == _ring.Length)
                {
                    var lost = At(_first);
                    foreach (var cursor in CursorsOf(lost.StreamId))
                    {
                        cursor.Lose(_first, lost);
                    }
                    _first++;
                }
                var entry = (RedisBatch)message;
                _ring[_next % _ring.Length] = entry;
                foreach (var cursor in CursorsOf(entry.StreamId))
                {
                    cursor.Come(_next, entry);
                }
                _next++;
            }
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
                return CursorAt(streamId, _next);
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
                streamId, startPosition == StreamSubscriptionStartPosition.EarliestAvailable ? _first : _next));
        }
    }

    /// <summary>Whether so many more would push out what somebody has yet to be given.</summary>
    public bool IsTooMuch(int count)
    {
        lock (_gate)
        {
            for (var i = _first; i < Math.Min(_next, _next + count - _ring.Length); i++)
            {
                var entry = At(i);
                foreach (var cursor in CursorsOf(entry.StreamId))
                {
                    if (cursor.Wants(i, entry))
                    {
                        return true;
                    }
                }
            }
            return false;
        }
    }

    /// <summary>Forgets all entries; who waits for one of them waits for what comes next.</summary>
    public void StartOver()
    {
        lock (_gate)
        {
            _first = _next;
            foreach (var cursor in _cursors.Values.SelectMany(static c => c))
            {
                cursor.StartOver();
            }
        }
    }

    /// <summary>Up to where everything has been delivered; null while there is no entry at all.</summary>
    public long? Delivered()
    {
        lock (_gate)
        {
            if (_first == _next)
            {
                return null;
            }
            var oldest = _cursors.Values.SelectMany(static c => c).Aggregate(
                _leftBehind, static (least, cursor) => Math.Min(least, cursor.Undelivered));
            return oldest < _next ? At(Math.Max(oldest, _first)).Position - 1 : At(_next - 1).Position;
        }
    }

    private Cursor CursorAt(StreamId stream, long index, long? from = null)
    {
        var cursor = new Cursor(this, stream, index < _next ? index : Nowhere, from);
        if (!_cursors.TryGetValue(stream, out var cursors))
        {
            _cursors[stream] = cursors = [];
        }
        cursors.Add(cursor);
        return cursor;
    }

    private void Remove(Cursor cursor, StreamId stream)
    {
        if (CursorsOf(stream).Remove(cursor))
        {
            _leftBehind = Math.Min(_leftBehind, cursor.Undelivered);
            if (CursorsOf(stream).Count == 0)
            {
                _cursors.Remove(stream);
            }
        }
    }

    private List<Cursor> CursorsOf(StreamId stream) => _cursors.GetValueOrDefault(stream, s_none);

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

    /// <summary>
    /// Gives several entries at once, which are delivered in one call. Orleans could put them together itself; then nobody
    /// here would know when they have been delivered.
    /// </summary>
    /// <param name="at">Where to look next; nowhere while there is no entry of the stream left.</param>
    private sealed class Cursor(RedisQueueCache cache, StreamId stream, long at, long? from) : IQueueCacheCursor
    {
        private long _at = at;
        private long _from = from ?? 0;

        // Orleans steps over the entry that a token names, and must not step over others with it.
        private int _most = from is null ? cache._mostDelivered : 1;
        private IBatchContainer? _current;
        private long _currentAt = Nowhere;
        private RedisBatch? _lost;

        /// <summary>The oldest entry that may not have been delivered: until it is asked on, that is the current one.</summary>
        public long Undelivered => Math.Min(_currentAt, _at);

        public IBatchContainer? GetCurrent(out Exception? exception)
        {
            exception = null;
            return _current;
        }

        /// <exception cref="QueueCacheMissException">An entry of the stream has fallen out of the ring.</exception>
        public bool MoveNext()
        {
            lock (cache._gate)
            {
                if (_lost is not null)
                {
                    throw cache.Missed(_lost.SequenceToken);
                }
                List<IBatchContainer> entries = [];
                _currentAt = Nowhere;
                for (_at = Math.Max(_at, cache._first); _at < cache._next && entries.Count < _most; _at++)
                {
                    if (cache.At(_at) is var entry && entry.StreamId == stream && entry.Position >= _from)
                    {
                        _currentAt = Math.Min(_currentAt, _at);
                        entries.Add(entry);
                    }
                }
                _at = _at < cache._next ? _at : Nowhere;
                _current = entries.Count > 1 ? new BatchContainerBatch(entries) : entries.FirstOrDefault();
                _most = _current is null ? _most : cache._mostDelivered;
                return _current is not null;
            }
        }

        // Were it told to Orleans as a result, the subscriber would not hear of it.
        QueueCacheCursorMoveResult IQueueCacheCursor.MoveNextWithResult() =>
            MoveNext() ? QueueCacheCursorMoveResult.Success : QueueCacheCursorMoveResult.NoData;

        public void Come(long index, RedisBatch entry) =>
            _at = _at == Nowhere && entry.Position >= _from ? index : _at;

        public bool Wants(long index, RedisBatch entry) =>
            _lost is null && _at <= index && entry.Position >= _from;

        public void Lose(long index, RedisBatch entry) => _lost = Wants(index, entry) ? entry : _lost;

        public void StartOver() => (_at, _from, _currentAt, _lost) = (Nowhere, 0, Nowhere, null);

        public void Refresh(StreamSequenceToken token)
        {
            // It has been told when the entry came.
        }

        public void RecordDeliveryFailure()
        {
            // It was tried for as long as the agent is told to; after that the subscriber hears of it.
        }

        public void Dispose()
        {
            lock (cache._gate)
            {
                cache.Remove(this, stream);
            }
        }
    }
}
