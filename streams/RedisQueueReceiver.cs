using System.Threading.Channels;
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
    private const int LongestCopyMs = 500;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private static readonly RedisChannel.PatternMode s_literal = RedisChannel.PatternMode.Literal;

    private readonly IDatabase _redis = redis.GetDatabase();
    private readonly RedisChannel _channel = new(keys.News, s_literal);

    // Of several messages that wake it, one is enough.
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private RedisValue _after = RedisValue.Null;
    private long _position;
    private long _kept;
    private long _keptAt;
    private long _lookedAt;
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
                var entries = await ReadAsync(maxCount, cancellationToken).ConfigureAwait(false);
                if (Batches(entries) is { Count: > 0 } batches)
                {
                    await LetCatchUpAsync(batches.Count, cancellationToken).ConfigureAwait(false);
                    return batches;
                }
                if (entries.Length == 0 && !await HasLostAsync(cancellationToken).ConfigureAwait(false))
                {
                    await SleepAsync(cancellationToken).ConfigureAwait(false);
                }
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
            await KeepCheckpointAsync(CancellationToken.None).WaitAsync(timeout, time).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            LogNotKept(logger, keys.Stream, e.Message);
        }
    }

    private async Task<StreamEntry[]> ReadAsync(int most, CancellationToken cancellationToken)
    {
        if (_after.IsNull)
        {
            await BeginAsync(cancellationToken).ConfigureAwait(false);
        }
        // In this order, and on one connection: what is appended after the read finds that somebody sleeps.
        var sleeping = _redis.StringSetAsync(keys.Sleeping, 1);
        var read = _redis.StreamReadAsync(
            keys.Stream, _after, Math.Min(most, options.MostAtOnce), CommandFlags.DemandMaster);
        await Task.WhenAll(sleeping, read).WaitAsync(cancellationToken).ConfigureAwait(false);
        var entries = await read.ConfigureAwait(false);
        if (entries.Length > 0)
        {
            await CopiedAsync(cancellationToken).ConfigureAwait(false);
        }
        if (_isAway)
        {
            LogBack(logger, keys.Stream);
            _isAway = false;
        }
        _hasMany = entries.Length >= Many;
        if (time.GetElapsedTime(_keptAt) >= options.CheckpointInterval)
        {
            await KeepCheckpointAsync(cancellationToken).ConfigureAwait(false);
        }
        return entries;
    }

    // WAIT is for all that this connection has been answered.
    private async Task CopiedAsync(CancellationToken cancellationToken)
    {
        if (options.Replicas == 0)
        {
            return;
        }
        var copies = (int)await _redis.ExecuteAsync("WAIT", [options.Replicas, LongestCopyMs], CommandFlags.DemandMaster)
            .WaitAsync(cancellationToken).ConfigureAwait(false);
        if (copies < options.Replicas)
        {
            throw new RedisServerException($"{copies} of {options.Replicas} replicas have the newest entries");
        }
    }

    private List<IBatchContainer> Batches(StreamEntry[] entries)
    {
        var batches = new List<IBatchContainer>(entries.Length);
        foreach (var entry in entries)
        {
            try
            {
                _after = entry.Id;
                _position = EntryPosition.TryParse(entry.Id, out var position)
                    ? position : throw new FormatException("Its id is none that XADD makes of '*'.");
                var message = format.Read(entry.Values);
                batches.Add(new RedisBatch(message.Stream, position, message.Events, message.RequestContext));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                LogUnreadable(logger, e, $"{entry.Id}", keys.Stream);
            }
        }
        return batches;
    }

    // Reading is quicker than delivering. Who is slower than that for good falls out of the cache, and is waited for no more.
    private async Task LetCatchUpAsync(int count, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (cache.IsTooMuch(count) && time.GetElapsedTime(since) < options.Patience
            && !cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(Moment, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task SleepAsync(CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (options.LongestSleep - time.GetElapsedTime(since) is var rest && rest > TimeSpan.Zero)
        {
            // What subscribers are being given is written down before the sleep goes on.
            var pause = _kept < _position && options.CheckpointInterval < rest ? options.CheckpointInterval : rest;
            if (await IsWokenAsync(pause, cancellationToken).ConfigureAwait(false))
            {
                break;
            }
            await KeepCheckpointAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> IsWokenAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        using var impatience = new CancellationTokenSource(pause, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(impatience.Token, cancellationToken);
        try
        {
            return await _news.Reader.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    // Goes on behind what has been delivered, and brings what was before into the cache, for those who ask for it.
    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (!_isSubscribed)
        {
            await redis.GetSubscriber().SubscribeAsync(_channel, OnNews).WaitAsync(cancellationToken).ConfigureAwait(false);
            redis.ConnectionRestored += OnRestored;
            _isSubscribed = true;
        }
        var checkpoint = await _redis.StringGetAsync(keys.Checkpoint, CommandFlags.DemandMaster)
            .WaitAsync(cancellationToken).ConfigureAwait(false);
        var newest = await NewestAsync(cancellationToken).ConfigureAwait(false);
        var from = EntryPosition.TryParse(checkpoint, out var delivered) ? Math.Min(delivered, newest) : 0;
        var before = await _redis.StreamRangeAsync(
            keys.Stream, "-", EntryPosition.Format(from), options.CacheSize / 2, Order.Descending,
            CommandFlags.DemandMaster)
            .WaitAsync(cancellationToken).ConfigureAwait(false);
        Array.Reverse(before);
        cache.AddToCache(Batches(before));
        (_position, _kept, _after) = (from, from, EntryPosition.Format(from));
    }

    // Redis may have come back without its last entries, and with a clock that was put back: then what is new has lower
    // numbers. Rather is something delivered twice than never.
    private async Task<bool> HasLostAsync(CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(_lookedAt) < options.LongestSleep)
        {
            return false;
        }
        var newest = await NewestAsync(cancellationToken).ConfigureAwait(false);
        _lookedAt = time.GetTimestamp();
        if (newest >= _position)
        {
            return false;
        }
        LogLoss(logger, keys.Stream, EntryPosition.Format(_position), EntryPosition.Format(newest));
        cache.StartOver();
        (_position, _kept, _after) = (0, 0, EntryPosition.Format(0));
        return true;
    }

    private async Task<long> NewestAsync(CancellationToken cancellationToken)
    {
        var newest = await _redis.StreamRangeAsync(
            keys.Stream, "-", "+", 1, Order.Descending, CommandFlags.DemandMaster)
            .WaitAsync(cancellationToken).ConfigureAwait(false);
        return newest.Length == 0 ? 0 : EntryPosition.TryParse(newest[0].Id, out var position) ? position : long.MaxValue;
    }

    private async Task KeepCheckpointAsync(CancellationToken cancellationToken)
    {
        _keptAt = time.GetTimestamp();
        // It does not go back for a subscriber that asks for what has been.
        if (cache.Delivered() is { } delivered && delivered > _kept)
        {
            await _redis.StringSetAsync(keys.Checkpoint, EntryPosition.Format(delivered))
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            _kept = delivered;
        }
    }

    private void OnNews(RedisChannel channel, RedisValue message) => _news.Writer.TryWrite(true);

    private void OnRestored(object? sender, ConnectionFailedEventArgs e) => _news.Writer.TryWrite(true);
}
