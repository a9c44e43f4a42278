using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;

namespace AgentGrid.Streams;

/// <summary>Adds streams on Redis to silos and clients of Orleans.</summary>
public static class RedisStreamServices
{
    private const int DeliveredAtOnce = 128;

    // The receiver waits by itself; this is what a new owner of a queue waits between his first reads.
    private static readonly TimeSpan BetweenReads = TimeSpan.FromMilliseconds(20);

    /// <param name="name">The provider's name, as <c>GetStreamProvider</c> takes it.</param>
    /// <param name="more">What Orleans can be told besides: balancing, delivery times.</param>
    public static ISiloBuilder AddRedisStreams(
        this ISiloBuilder silo, string name, Action<RedisStreamOptions> configure,
        Action<ISiloPersistentStreamConfigurator>? more = null)
    {
        AddOptions(silo.Services, name, configure);
        var streams = new SiloPersistentStreamConfigurator(
            name, services => services(silo.Services), static (services, name) => new RedisQueueAdapterFactory(services, name));
        streams.ConfigurePullingAgent(agent => agent.Configure(o =>
        {
            o.BatchContainerBatchSize = DeliveredAtOnce;
            o.GetQueueMsgsTimerPeriod = BetweenReads;
        }));
        more?.Invoke(streams);
        return silo;
    }

    /// <inheritdoc cref="AddRedisStreams(ISiloBuilder, string, Action{RedisStreamOptions}, Action{ISiloPersistentStreamConfigurator}?)"/>
    public static IClientBuilder AddRedisStreams(
        this IClientBuilder client, string name, Action<RedisStreamOptions> configure)
    {
        AddOptions(client.Services, name, configure);
        _ = new ClusterClientPersistentStreamConfigurator(
            name, client, static (services, name) => new RedisQueueAdapterFactory(services, name));
        return client;
    }

    private static void AddOptions(IServiceCollection services, string name, Action<RedisStreamOptions> configure) =>
        services.AddOptions<RedisStreamOptions>(name).Configure(configure).Validate(
            static o => o is { Queues: > 0, MaxLength: > 0, CacheSize: > 1, MostAtOnce: > 0, KeyPrefix.Length: > 0 },
            $"The streams '{name}' need a key prefix, and at least one queue, entry, place in the cache and entry at once.");
}
