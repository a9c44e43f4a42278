using AgentGrid.Streams.Tests.Hosting;
using Orleans.Streams;

namespace AgentGrid.Streams.Tests.Cache;

/// <summary>Random entries and subscribers, beside lists that are never too short. Positions are 1, 2, 3 and so on.</summary>
public sealed class RandomCacheTests
{
    private const int Size = 16;
    private static readonly StreamId[] s_streams = [.. Enumerable.Range(0, 4).Select(i => StreamId.Create("tests", $"{i}"))];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 100)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Cursors_RandomSteps_GiveEveryEntryOrTellThatOneIsLost(int seed)
    {
        var random = new Random(seed);
        var cache = new RedisQueueCache(Size, mostAdded: 5, mostDelivered: random.Next(1, 6));
        var entries = new List<StreamId>();
        var subscribers = new List<Subscriber>();
        for (var step = 0; step < 300; step++)
        {
            var stream = s_streams[random.Next(s_streams.Length)];
            var any = subscribers.Count == 0 ? null : subscribers[random.Next(subscribers.Count)];
            switch (random.Next(6))
            {
                case 0 or 1:
                    long[] added = [.. Enumerable.Range(entries.Count + 1, random.Next(1, 6)).Select(static i => (long)i)];
                    var (isTooMuch, lost) = (cache.IsTooMuch(added.Length), subscribers.Count(static s => s.IsLost));
                    cache.Add(stream, added);
                    entries.AddRange(added.Select(_ => stream));
                    Assert.Equal(subscribers.Count(static s => s.IsLost) > lost, isTooMuch);
                    break;
                case 2 when subscribers.Count < 6:
                    var behind = random.Next(Math.Min(entries.Count, Size) + 1);
                    subscribers.Add(new(cache, entries, stream, entries.Count - behind));
                    break;
                case 3 when random.Next(4) == 0 && any is not null:
                    any.Cursor.Dispose();
                    subscribers.Remove(any);
                    break;
                default:
                    any?.Move();
                    break;
            }
            var kept = Math.Max(0, entries.Count - Size) + 1;
            Assert.All(subscribers, s => Assert.False(
                cache.Delivered() >= Math.Max(s.Undelivered, kept),
                $"Step {step}: {cache.Delivered()} counts as delivered, but {s.Undelivered} has not been."));
        }
        foreach (var subscriber in subscribers)
        {
            while (subscriber.Move())
            {
            }
            if (subscriber.IsLost)
            {
                subscriber.Cursor.Dispose();
            }
        }
        cache.TryPurgeFromCache(out _);
        Assert.Equal(entries.Count, cache.Delivered());
    }

    private sealed class Subscriber(RedisQueueCache cache, List<StreamId> entries, StreamId stream, int begin)
    {
        private int _delivered = begin;
        private int _given = begin;

        public IQueueCacheCursor Cursor { get; } = cache.Subscribe(stream, begin < entries.Count ? begin + 1 : null);

        /// <summary>An entry has fallen out that it had yet to be given.</summary>
        public bool IsLost => Between(_given, entries.Count - Size).Any();

        /// <summary>The position of what it has yet to be given, or is being given.</summary>
        public long Undelivered => Between(_delivered, entries.Count).Append(long.MaxValue).First();

        public bool Move()
        {
            if (IsLost)
            {
                Assert.Throws<QueueCacheMissException>(() => Cursor.Next<long>());
                return false;
            }
            var expected = Between(_given, entries.Count).ToList();
            var next = Cursor.Next<long>();
            Assert.Equal(expected.Take(next.Length), next);
            Assert.Equal(expected.Count > 0, next.Length > 0);
            _delivered = _given;
            _given = next.Length > 0 ? (int)next[^1] : entries.Count;
            return next.Length > 0;
        }

        private IEnumerable<long> Between(int first, int end) => Enumerable.Range(first, Math.Max(0, end - first))
            .Where(i => entries[i] == stream).Select(static i => i + 1L);
    }
}
