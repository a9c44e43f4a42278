using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Streams;
using Orleans.Streams.Filtering;

namespace AgentGrid.Streams;

/// <summary>Puts one provider together.</summary>
internal sealed class RedisQueueAdapterFactory : IQueueAdapterFactory, IQueueAdapterCache
{
    private readonly string _name;
    private readonly IServiceProvider _services;
    private readonly RedisStreamOptions _options;
    private readonly IRedisEntryFormat _format;
    private readonly HashRingBasedStreamQueueMapper _mapper;
    private readonly ConcurrentDictionary<QueueId, RedisQueueCache> _caches = new();

    public RedisQueueAdapterFactory(IServiceProvider services, string name)
    {
        _name = name;
        _services = services;
        _options = services.GetRequiredService<IOptionsMonitor<RedisStreamOptions>>().Get(name);
        _format = _options.Format
            ?? new OrleansEntryFormat(services.GetRequiredService<Serializer<OrleansEntryFormat.Payload>>());
        _mapper = new HashRingBasedStreamQueueMapper(
            new HashRingStreamQueueMapperOptions { TotalQueueCount = _options.Queues }, name);
    }

    public Task<IQueueAdapter> CreateAdapter()
    {
        var redis = _options.Connection!(_services);
        var (time, logger) = (
            _services.GetService<TimeProvider>() ?? TimeProvider.System,
            _services.GetRequiredService<ILoggerFactory>().CreateLogger<RedisQueueReceiver>());
        return Task.FromResult<IQueueAdapter>(new RedisQueueAdapter(
            _name, _options, redis, _format, _mapper, (queue, keys) => new RedisQueueReceiver(
                keys, CacheOf(queue), redis, _options, _format, time, logger)));
    }

    public IQueueAdapterCache GetQueueAdapterCache() => this;

    // An agent asks for the cache of its queue, and then for its receiver. A filter is asked about whole batches.
    public IQueueCache CreateQueueCache(QueueId queueId) => _caches[queueId] = new RedisQueueCache(
        _options.CacheSize, _options.MostAtOnce,
        _services.GetKeyedService<IStreamFilter>(_name) is null ? _options.MostDelivered : 1);

    public IStreamQueueMapper GetStreamQueueMapper() => _mapper;

    public Task<IStreamFailureHandler> GetDeliveryFailureHandler(QueueId queueId) =>
        Task.FromResult<IStreamFailureHandler>(new NoOpStreamDeliveryFailureHandler());

    private RedisQueueCache CacheOf(QueueId queue) => _caches.TryRemove(queue, out var cache)
        ? cache : throw new InvalidOperationException($"Nobody has asked for a cache of queue '{queue}' yet.");
}
