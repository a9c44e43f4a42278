using Microsoft.Extensions.Logging;
using Orleans.Streams;
using StackExchange.Redis;

namespace AgentGrid.Streams;

/// <summary>
/// Reads a queue for the agent of Orleans that owns it. While there is nothing it sleeps, in the middle of the agent's
/// call, until whoever appends wakes it: so nothing is polled, and an entry is on its way at once.
/// </summary>
internal sealed partial class RedisQueueReceiver(
    QueueKeys keys, RedisQueueCache cache, IConnectionMultiplexer redis, RedisStreamOptions options,
    IRedisEntryFormat format, TimeProvider time, ILogger logger) : IQueueAdapterReceiver
{
    private const int Many = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly RedisChannel.PatternMode s_literal = RedisChannel.PatternMode.Literal;

    private readonly IDatabase _redis = redis.GetDatabase();
    private readonly SemaphoreSlim _news = new(0, 1);
    private readonly RedisChannel _channel = new(keys.News, s_literal);
    private long? _position;
    private long _kept;
    private long _keptAt;
    private bool _isSubscribed;
    private bool _hasMany;
    private bool _isAway;

    public Task Initialize(TimeSpan timeout) => Task.CompletedTask;

    public Task<IList<IBatchContainer>> GetQueueMessagesAsync(int maxCount) =>
        GetQueueMessagesAsync(maxCount, CancellationToken.None);

    /// <returns>What there is, or what comes; empty when it is cancelled.</returns>
    public async Task<IList<IBatchContainer>> GetQueueMessagesAsync(int maxCount, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (_hasMany)
                {
                    await Task.Delay(options.Gather, time, cancellationToken).ConfigureAwait(false);
                }
                if (await ReadAsync(maxCount).ConfigureAwait(false) is { Count: > 0 } batches)
                {
                    return batches;
                }
                await SleepAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
            {
                if (!_isAway)
                {
                    LogAway(logger, keys.Stream, e.Message);
                }
                _isAway = true;
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        return [];
    }

    // Entries stay in the cache until others take their place; what has been delivered, the cache knows.
    public Task MessagesDeliveredAsync(IList<IBatchContainer> messages) => Task.CompletedTask;

    public async Task Shutdown(TimeSpan timeout)
    {
        redis.ConnectionRestored -= OnRestored;
        try
        {
            if (_isSubscribed)
            {
                await redis.GetSubscriber().UnsubscribeAsync(_channel, OnNews).WaitAsync(timeout, time)
                    .ConfigureAwait(false);
            }
            await KeepCheckpointAsync().WaitAsync(timeout, time).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            // The successor delivers a second's entries once more.
            LogAway(logger, keys.Stream, e.Message);
        }
    }

    private async Task<IList<IBatchContainer>> ReadAsync(int most)
    {
        var after = _position ??= await BeginAsync().ConfigureAwait(false);
        // In this order, and on one connection: what is appended after the read finds that somebody sleeps.
        var sleeping = _redis.StringSetAsync(keys.Sleeping, 1);
        var read = _redis.StreamReadAsync(keys.Stream, EntryPosition.Format(after), Math.Min(most, options.MostAtOnce));
        await sleeping.ConfigureAwait(false);
        var entries = await read.ConfigureAwait(false);
        if (_isAway)
        {
            LogBack(logger, keys.Stream);
            _isAway = false;
        }
        _hasMany = entries.Length >= Many;
        if (time.GetElapsedTime(_keptAt) >= options.CheckpointInterval)
        {
            await KeepCheckpointAsync().ConfigureAwait(false);
        }
        return Batches(entries);
    }

    private List<IBatchContainer> Batches(StreamEntry[] entries)
    {
        var batches = new List<IBatchContainer>(entries.Length);
        foreach (var entry in entries)
        {
            try
            {
                _position = EntryPosition.Parse(entry.Id);
                var message = format.Read(entry.Values);
                batches.Add(new RedisBatch(message.Stream, _position.Value, message.Events, message.RequestContext));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                LogUnreadable(logger, e, $"{entry.Id}", keys.Stream);
            }
        }
        return batches;
    }

    private async Task SleepAsync(CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (true)
        {
            // What the last subscribers have been given since is written down before the sleep goes on.
            var pause = cache.Delivered() is { } done && done != _kept && options.CheckpointInterval < options.LongestSleep
                ? options.CheckpointInterval : options.LongestSleep - time.GetElapsedTime(since);
            if (pause <= TimeSpan.Zero || await IsWokenAsync(pause, cancellationToken).ConfigureAwait(false))
            {
                break;
            }
            await KeepCheckpointAsync().ConfigureAwait(false);
        }
        if (time.GetElapsedTime(since) >= options.LongestSleep)
        {
            await LookForLossAsync().ConfigureAwait(false);
        }
    }

    private async Task<bool> IsWokenAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        using var impatience = new CancellationTokenSource(pause, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(impatience.Token, cancellationToken);
        try
        {
            await _news.WaitAsync(either.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    // Goes on behind what has been delivered, and brings what was before into the cache, for those who ask for it.
    private async Task<long> BeginAsync()
    {
        if (!_isSubscribed)
        {
            await redis.GetSubscriber().SubscribeAsync(_channel, OnNews).ConfigureAwait(false);
            redis.ConnectionRestored += OnRestored;
            _isSubscribed = true;
        }
        var newest = await NewestAsync().ConfigureAwait(false);
        var checkpoint = await _redis.StringGetAsync(keys.Checkpoint).ConfigureAwait(false);
        var from = checkpoint.IsNull ? newest : Math.Min(newest, EntryPosition.Parse(checkpoint));
        var before = await _redis.StreamRangeAsync(
            keys.Stream, "-", EntryPosition.Format(from), options.CacheSize / 2, Order.Descending).ConfigureAwait(false);
        Array.Reverse(before);
        cache.AddToCache(Batches(before));
        _kept = from;
        return from;
    }

    // The id of the newest entry that was ever there.
    private async Task<long> NewestAsync()
    {
        var newest = await _redis.StreamRangeAsync(keys.Stream, "-", "+", 1, Order.Descending).ConfigureAwait(false);
        return newest.Length == 0 ? 0 : EntryPosition.Parse(newest[0].Id);
    }

    // Redis may have come back without its last entries, and with a clock that was put back: then what is new has lower
    // numbers. Rather is something delivered twice than never.
    private async Task LookForLossAsync()
    {
        if (_position is { } position && await NewestAsync().ConfigureAwait(false) is var newest && newest < position)
        {
            LogLoss(logger, keys.Stream, EntryPosition.Format(position), EntryPosition.Format(newest));
            cache.StartOver();
            _position = 0;
        }
    }

    private async Task KeepCheckpointAsync()
    {
        _keptAt = time.GetTimestamp();
        if (cache.Delivered() is { } done && done != _kept)
        {
            await _redis.StringSetAsync(keys.Checkpoint, EntryPosition.Format(done)).ConfigureAwait(false);
            _kept = done;
        }
    }

    private void OnNews(RedisChannel channel, RedisValue message) => Wake();

    private void OnRestored(object? sender, ConnectionFailedEventArgs e) => Wake();

    private void Wake()
    {
        try
        {
            _news.Release();
        }
        catch (SemaphoreFullException)
        {
            // It has been woken already.
        }
    }

    [LoggerMessage(1000, LogLevel.Warning, "The stream '{Stream}' cannot be read just now: {Reason}")]
    private static partial void LogAway(ILogger logger, string stream, string reason);

    [LoggerMessage(1001, LogLevel.Information, "The stream '{Stream}' can be read again")]
    private static partial void LogBack(ILogger logger, string stream);

    [LoggerMessage(1002, LogLevel.Error, "Entry {Id} of the stream '{Stream}' cannot be read, and is passed over")]
    private static partial void LogUnreadable(ILogger logger, Exception exception, string id, string stream);

    [LoggerMessage(1003, LogLevel.Warning,
        "The stream '{Stream}' was read up to {Position}, and ends with {Newest}: Redis has lost the others")]
    private static partial void LogLoss(ILogger logger, string stream, string position, string newest);
}
