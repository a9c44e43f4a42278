using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;

namespace AgentGrid.Streams;

/// <summary>Adds streams on Redis to silos and clients of Orleans.</summary>
public static class RedisStreamServices
{
    // The receiver waits by itself; this is what an agent waits for before its first read, and while it gets to know the
    // subscribers of a stream.
    private static readonly TimeSpan BetweenReads = TimeSpan.FromMilliseconds(20);

    /// <param name="name">The provider's name, as <c>GetStreamProvider</c> takes it.</param>
    /// <param name="more">What Orleans can be told besides: balancing, delivery times.</param>
    public static ISiloBuilder AddRedisStreams(
        this ISiloBuilder silo, string name, Action<RedisStreamOptions> configure,
        Action<ISiloPersistentStreamConfigurator>? more = null)
    {
        AddOptions(silo.Services, name, configure);
        silo.Services.AddOptions<StreamPullingAgentOptions>(name).Validate(
            static o => o.BatchContainerBatchSize == 1,
            $"The streams '{name}' put entries together themselves: set {nameof(RedisStreamOptions.MostDelivered)}, and "
            + $"leave {nameof(StreamPullingAgentOptions.BatchContainerBatchSize)} 1.");
        return silo.AddPersistentStreams(name, Create, streams =>
        {
            streams.ConfigurePullingAgent(static agent => agent.Configure(
                static o => o.GetQueueMsgsTimerPeriod = BetweenReads));
            more?.Invoke(streams);
        });
    }

    /// <inheritdoc cref="AddRedisStreams(ISiloBuilder, string, Action{RedisStreamOptions}, Action{ISiloPersistentStreamConfigurator}?)"/>
    public static IClientBuilder AddRedisStreams(
        this IClientBuilder client, string name, Action<RedisStreamOptions> configure)
    {
        AddOptions(client.Services, name, configure);
        return client.AddPersistentStreams(name, Create, null);
    }

    private static RedisQueueAdapterFactory Create(IServiceProvider services, string name) => new(services, name);

    private static void AddOptions(IServiceCollection services, string name, Action<RedisStreamOptions> configure) =>
        services.AddOptions<RedisStreamOptions>(name).Configure(configure)
            .Validate(
                static o => o.Connection is not null,
                $"The streams '{name}' have no Redis: set {nameof(RedisStreamOptions.Connection)}.")
            .Validate(
                static o => o.KeyPrefix is { Length: > 0 },
                $"The streams '{name}' have no {nameof(RedisStreamOptions.KeyPrefix)}: their keys would begin with nothing.")
            .Validate(
                static o => o is { Queues: > 0, MaxLength: > 0, MostAtOnce: > 0, MostDelivered: > 0 },
                $"The streams '{name}' need at least one queue, and at least one entry kept, read and delivered at once.")
            .Validate(
                static o => o.CacheSize > 1 && o.CacheSize >= o.MostAtOnce,
                $"The cache of the streams '{name}' is too small: {nameof(RedisStreamOptions.CacheSize)} must be at least 2 "
                + $"and {nameof(RedisStreamOptions.MostAtOnce)}.")
            .Validate(
                static o => o.Gather >= TimeSpan.Zero && o.Patience >= TimeSpan.Zero && o.CheckpointInterval > TimeSpan.Zero
                    && o.LongestSleep > TimeSpan.Zero,
                $"The times of the streams '{name}' must be positive; only {nameof(RedisStreamOptions.Gather)} and "
                + $"{nameof(RedisStreamOptions.Patience)} may be 0.");
}
