using Orleans.Streams;
using StackExchange.Redis;

namespace AgentGrid.Streams.Tests.Hosting;

/// <summary>A receiver and its cache, and what the agent of Orleans does with them.</summary>
internal sealed class TestReader
{
    private readonly List<IQueueCacheCursor> _subscribers = [];
    private readonly RedisQueueReceiver _receiver;

    public TestReader(TestQueue queue, IConnectionMultiplexer connection)
    {
        Cache = new(queue.Options.CacheSize, queue.Options.MostAtOnce, queue.Options.MostDelivered);
        _receiver = new(
            queue.Keys, Cache, connection, queue.Options, queue.Options.Format!, TimeProvider.System, queue.Log);
    }

    public RedisQueueCache Cache { get; }

    /// <summary>Waits for what comes, and puts it into the cache.</summary>
    public async Task<string[]> ReadAsync(CancellationToken cancellationToken = default)
    {
        Cache.TryPurgeFromCache(out _);
        var entries = await _receiver.GetQueueMessagesAsync(Cache.GetMaxAddCount(), cancellationToken)
            .WaitAsync(TestQueue.Patience);
        Cache.AddToCache(entries);
        return [.. entries.SelectMany(static e => e.GetEvents<string>()).Select(static e => e.Item1)];
    }

    /// <summary>Reads until as many have come.</summary>
    public async Task<List<string>> ReadAsync(int count)
    {
        var texts = new List<string>();
        while (texts.Count < count)
        {
            texts.AddRange(await ReadAsync());
        }
        return texts;
    }

    /// <summary>Reads, and is stopped before anything is done with it.</summary>
    public Task LoseReadAsync() => _receiver.GetQueueMessagesAsync(Cache.GetMaxAddCount()).WaitAsync(TestQueue.Patience);

    /// <param name="token">What it begins with; null for what is to come.</param>
    public IQueueCacheCursor Subscribe(string stream = "s", StreamSequenceToken? token = null)
    {
        var subscriber = Cache.GetCacheCursor(TestQueue.Stream(stream), token);
        _subscribers.Add(subscriber);
        return subscriber;
    }

    /// <summary>The oldest in the cache.</summary>
    public StreamSequenceToken Earliest(string stream = "s")
    {
        using var cursor = Cache.TryGetCacheCursorAtPosition(
            TestQueue.Stream(stream), StreamSubscriptionStartPosition.EarliestAvailable).Cursor!;
        cursor.MoveNextWithResult();
        return cursor.GetCurrent(out _)!.SequenceToken;
    }

    /// <summary>As an agent stops that gives its queue away.</summary>
    public async Task StopAsync()
    {
        _subscribers.ForEach(static s => s.Dispose());
        await _receiver.Shutdown(TestQueue.Patience);
    }
}
