using AgentGrid.Embedded.Store;
using Orleans.Configuration;
using Orleans.Providers.Streams.Common;
using Orleans.Streams;

namespace AgentGrid.Silo.OneSilo;

/// <summary>The stream of what the store keeps: one queue, in this process, to which nobody else can write.</summary>
internal sealed class KeptTurnStream(IServiceProvider services, string name) : IQueueAdapterFactory, IQueueAdapter
{
    private readonly HashRingBasedStreamQueueMapper _mapper = new(new HashRingStreamQueueMapperOptions { TotalQueueCount = 1 }, name);
    private readonly SimpleQueueAdapterCache _cache = new(
        new SimpleQueueCacheOptions(), name, services.GetRequiredService<ILoggerFactory>());

    public string Name => name;
    public bool IsRewindable => false;
    public StreamProviderDirection Direction => StreamProviderDirection.ReadOnly;

    public Task<IQueueAdapter> CreateAdapter() => Task.FromResult<IQueueAdapter>(this);

    public IQueueAdapterCache GetQueueAdapterCache() => _cache;

    public IStreamQueueMapper GetStreamQueueMapper() => _mapper;

    public Task<IStreamFailureHandler> GetDeliveryFailureHandler(QueueId queueId) =>
        Task.FromResult<IStreamFailureHandler>(new NoOpStreamDeliveryFailureHandler());

    public IQueueAdapterReceiver CreateReceiver(QueueId queueId) => new KeptTurns(services.GetRequiredService<SqliteRunStore>());

    public Task QueueMessageBatchAsync<T>(
        StreamId streamId, IEnumerable<T> events, StreamSequenceToken? token, Dictionary<string, object>? requestContext) =>
        throw new NotSupportedException("Turns come into their stream from the store that keeps them, and from nobody else.");
}
