using AgentGrid.Streams.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Serialization;
using Orleans.Streams;

namespace AgentGrid.Streams.Tests.Receiver;

/// <summary>What a receiver reads.</summary>
public sealed class ReadingTests(SharedRedis redis)
{
    private readonly TestQueue _queue = redis.NewQueue();

    [Fact]
    public async Task ReadAsync_MoreThanAreReadAtOnce_ComeOneAfterAnother()
    {
        _queue.Options.MostAtOnce = 2;
        foreach (var text in new[] { "a", "b", "c", "d", "e" })
        {
            await _queue.AppendAsync(text);
        }
        var reader = _queue.Open();
        Assert.Equal(["a", "b"], await reader.ReadAsync());
        Assert.Equal(["c", "d"], await reader.ReadAsync());
        Assert.Equal(["e"], await reader.ReadAsync());
    }

    [Fact]
    public async Task ReadAsync_ManyCome_AreReadTogether()
    {
        const int Waves = 50, Wave = 40;
        await using var server = await RedisServer.StartAsync();
        await using var connection = await server.ConnectAsync();
        var queue = new TestQueue(connection);
        var reading = queue.Open().ReadAsync(Waves * Wave);
        await queue.IsReadAsync();
        for (var wave = 0; wave < Waves; wave++)
        {
            await Task.WhenAll(Enumerable.Range(0, Wave).Select(i => queue.AppendAsync($"{wave}.{i}")));
        }
        Assert.Equal(
            Enumerable.Range(0, Waves * Wave).Select(static i => $"{i / Wave}.{i % Wave}"), await reading);
        Assert.InRange((await CommandCalls.CountAsync(connection))["xread"], 1, Waves * Wave / 4);
    }

    [Fact]
    public async Task ReadAsync_UnreadableEntries_ArePassedOverAndLogged()
    {
        await _queue.Redis.StreamAddAsync(_queue.Keys.Stream, "colour", "green");
        await _queue.AppendAsync("a");
        await _queue.Redis.StreamAddAsync(_queue.Keys.Stream, "colour", "blue");
        await _queue.AppendAsync("b");
        Assert.Equal(["a", "b"], await _queue.Open().ReadAsync());
        Assert.Equal(2, _queue.Log.Of(LogLevel.Error).Length);
        Assert.All(_queue.Log.Of(LogLevel.Error), l => Assert.EndsWith(
            $" of the stream '{_queue.Keys.Stream}' cannot be read, and is passed over", l));
    }

    // Nobody is woken for what is there already.
    [Fact]
    public async Task ReadAsync_NothingButUnreadableEntriesAtFirst_ReadsOnAtOnce()
    {
        _queue.Options.MostAtOnce = 2;
        for (var i = 0; i < 5; i++)
        {
            await _queue.Redis.StreamAddAsync(_queue.Keys.Stream, "colour", "green");
        }
        await _queue.AddAsync("a");
        Assert.Equal(["a"], await _queue.Open().ReadAsync());
        Assert.Equal(5, _queue.Log.Of(LogLevel.Error).Length);
    }

    // Ids of XADD are above it from then on, so none of them can be read; but none is read again and again.
    [Fact]
    public async Task ReadAsync_IdThatIsTooLarge_IsPassedOverOnce()
    {
        _queue.Options.LongestSleep = TimeSpan.FromMilliseconds(50);
        await _queue.AddAsync("a");
        await _queue.AddAsync("b", "9999999999999-0");
        using var stopping = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        var reader = _queue.Open();
        Assert.Equal(["a"], await reader.ReadAsync());
        Assert.Empty(await reader.ReadAsync(stopping.Token));
        Assert.Equal(
            [$"Entry 9999999999999-0 of the stream '{_queue.Keys.Stream}' cannot be read, and is passed over"],
            _queue.Log.Of(LogLevel.Error));
        Assert.Empty(_queue.Log.Of(LogLevel.Warning));
    }

    // What a format returns may be of any type, such as those that a compiler makes up for a list.
    [Fact]
    public async Task ReadAsync_FormatOfOnesOwn_GivesWhatOrleansCanSend()
    {
        await _queue.AppendAsync("a", "b");
        var reader = _queue.Open();
        await reader.ReadAsync();
        var cursor = reader.Subscribe("s", reader.Earliest());
        cursor.MoveNextWithResult();
        var serializer = new ServiceCollection().AddSerializer().BuildServiceProvider().GetRequiredService<Serializer>();
        var sent = serializer.SerializeToArray(cursor.GetCurrent(out _)!);
        Assert.Equal(
            ["a", "b"], serializer.Deserialize<IBatchContainer>(sent)!.GetEvents<string>().Select(static e => e.Item1));
    }

    [Fact]
    public async Task ReadAsync_WouldPushOutWhatASubscriberHasYetToGet_LetsItCatchUp()
    {
        _queue.Options.Patience = TestQueue.Patience * 2;
        var (reader, subscriber) = await FullCacheAsync();
        await _queue.AppendAsync("e");
        var reading = reader.ReadAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(300));
        Assert.False(reading.IsCompleted);
        Assert.Equal(["a", "b", "c", "d"], subscriber.Next<string>());
        Assert.Equal(["e"], await reading);
        Assert.Equal(["e"], subscriber.Next<string>());
    }

    [Fact]
    public async Task ReadAsync_SubscriberDoesNotCatchUp_GoesOnWithoutIt()
    {
        _queue.Options.Patience = TimeSpan.FromMilliseconds(200);
        var (reader, subscriber) = await FullCacheAsync();
        await _queue.AppendAsync("e");
        Assert.Equal(["e"], await reader.ReadAsync());
        Assert.Throws<QueueCacheMissException>(() => subscriber.Next<string>());
        // It is waited for no more.
        _queue.Options.Patience = TestQueue.Patience * 2;
        await _queue.AppendAsync("f");
        Assert.Equal(["f"], await reader.ReadAsync());
    }

    [Fact]
    public async Task ReadAsync_CancelledWhileASubscriberCatchesUp_GivesWhatWasRead()
    {
        _queue.Options.Patience = TestQueue.Patience * 2;
        var (reader, _) = await FullCacheAsync();
        await _queue.AppendAsync("e");
        using var stopping = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        Assert.Equal(["e"], await reader.ReadAsync(stopping.Token));
    }

    [Fact]
    public async Task ReadAsync_TwoReceiversOfAQueue_BothGetEverything()
    {
        var texts = Enumerable.Range(0, 200).Select(static i => $"{i}").ToArray();
        var readings = new[] { _queue.Open().ReadAsync(texts.Length), _queue.Open().ReadAsync(texts.Length) };
        foreach (var text in texts)
        {
            await _queue.AppendAsync(text);
        }
        Assert.Equal(texts, await readings[0]);
        Assert.Equal(texts, await readings[1]);
    }

    [Fact]
    public async Task QueueMessageBatchAsync_ManyEntries_KeepsAboutTheNewest()
    {
        _queue.Options.MaxLength = 100;
        for (var i = 0; i < 1_000; i++)
        {
            await _queue.AppendAsync($"{i}");
        }
        Assert.InRange(await _queue.Redis.StreamLengthAsync(_queue.Keys.Stream), 100, 300);
    }

    // Of four, which a subscriber has yet to get.
    private async Task<(TestReader Reader, IQueueCacheCursor Subscriber)> FullCacheAsync()
    {
        (_queue.Options.CacheSize, _queue.Options.MostAtOnce) = (4, 4);
        var reader = _queue.Open();
        var subscriber = reader.Subscribe();
        foreach (var text in new[] { "a", "b", "c", "d" })
        {
            await _queue.AppendAsync(text);
        }
        await reader.ReadAsync(4);
        return (reader, subscriber);
    }
}
