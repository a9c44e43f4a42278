using Orleans.Providers.Streams.Common;
using Orleans.Streams;

namespace AgentGrid.Streams.Tests.Cache;

/// <summary>Entries with one event each: their position.</summary>
internal static class CacheEntries
{
    public static readonly StreamId A = StreamId.Create("tests", "a");
    public static readonly StreamId B = StreamId.Create("tests", "b");

    public static void Add(this RedisQueueCache cache, StreamId stream, params long[] positions)
    {
        cache.TryPurgeFromCache(out _);
        cache.AddToCache([.. positions.Select(p => new RedisBatch(stream, p, [p], null))]);
    }

    public static IQueueCacheCursor Subscribe(this RedisQueueCache cache, StreamId stream, long? from = null) =>
        cache.GetCacheCursor(stream, from is { } position ? new EventSequenceTokenV2(position) : null);
}
