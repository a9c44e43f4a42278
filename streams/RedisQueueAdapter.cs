using Orleans.Streams;
using StackExchange.Redis;

namespace AgentGrid.Streams;

/// <summary>Appends to the queues, and makes the receivers that read them.</summary>
internal sealed class RedisQueueAdapter(
    string name, RedisStreamOptions options, IConnectionMultiplexer redis, IRedisEntryFormat format,
    IStreamQueueMapper mapper, Func<QueueId, QueueKeys, IQueueAdapterReceiver> receive) : IQueueAdapter
{
    public string Name => name;

    /// <summary>As far back as the cache goes: <see cref="RedisStreamOptions.CacheSize"/>.</summary>
    public bool IsRewindable => true;

    public StreamProviderDirection Direction => StreamProviderDirection.ReadWrite;

    public async Task QueueMessageBatchAsync<T>(
        StreamId streamId, IEnumerable<T> events, StreamSequenceToken? token, Dictionary<string, object>? requestContext)
    {
        if (token is not null)
        {
            throw new ArgumentException(
                "A token was given with events: expected none, because Redis gives the numbers here.", nameof(token));
        }
        RedisValue[] arguments =
        [
            options.MaxLength,
            .. format.Write(streamId, events, requestContext).SelectMany(static f => new[] { f.Name, f.Value }),
        ];
        await redis.GetDatabase().ScriptEvaluateAsync(
            AppendScript.Produce, [KeysOf(mapper.GetQueueForStream(streamId)).Stream], arguments).ConfigureAwait(false);
    }

    public IQueueAdapterReceiver CreateReceiver(QueueId queueId) => receive(queueId, KeysOf(queueId));

    private QueueKeys KeysOf(QueueId queue) => QueueKeys.Of(options.KeyPrefix, name, queue.GetNumericId());
}
