using AgentGrid.Core.Grid;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Store;
using AgentGrid.GrainClient.Connections;
using AgentGrid.RunLog;
using AgentGrid.RunLog.Artifacts;
using AgentGrid.RunLog.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AgentGrid.GrainClient;

/// <summary>Gives a .NET program the cluster as an <see cref="IAgentGrid"/>.</summary>
public static class AgentGridClientServices
{
    /// <summary>
    /// The key of the <see cref="IConnectionMultiplexer"/> that is used: one's own can be registered with it before.
    /// </summary>
    public const string RedisKey = "agentgrid";

    /// <summary>
    /// Adds <see cref="IAgentGrid"/>, and keeps it connected while the host runs. Its Orleans client is its own: the host
    /// can be a client or a silo of some other cluster. Can be called more than once.
    /// </summary>
    /// <param name="redis">The Redis of the cluster: <see cref="GridClientOptions.Redis"/>.</param>
    public static IServiceCollection AddAgentGridClient(
        this IServiceCollection services, string redis, Action<GridClientOptions>? configure = null) =>
        services.AddRedis(redis).AddGrid(configure, s => new ClientConnection(
            s.GetRequiredService<IOptions<GridClientOptions>>().Value,
            s.GetRequiredKeyedService<IConnectionMultiplexer>(RedisKey), s.GetRequiredService<ILoggerFactory>()));

    /// <summary>
    /// As <see cref="AddAgentGridClient"/>, in a process that is a silo of the cluster itself: its streams and its grain
    /// factory are used. To be called after the silo has been added, so that it is started after it.
    /// </summary>
    public static IServiceCollection AddAgentGridClientInSilo(
        this IServiceCollection services, string redis, Action<GridClientOptions>? configure = null) =>
        services.AddRedis(redis).AddGrid(configure, InSilo);

    /// <summary>
    /// As <see cref="AddAgentGridClientInSilo(IServiceCollection, string, Action{GridClientOptions})"/>, where the silo is
    /// all of the cluster and has an <see cref="IRunStore"/> and an <see cref="IStoreAccess"/> of its own.
    /// </summary>
    public static IServiceCollection AddAgentGridClientInSilo(
        this IServiceCollection services, Action<GridClientOptions>? configure = null)
    {
        services.AddOptions<GridClientOptions>().Configure(static o => o.Times = CallTimes.OfOneSilo);
        return services.AddGrid(configure, InSilo);
    }

    /// <summary>
    /// The Orleans client behind <see cref="AddAgentGridClient"/>, for grains that the grid does not speak of; null as long
    /// as no silo has been found.
    /// </summary>
    public static IClusterClient? FindClusterClient(this IServiceProvider services) =>
        services.GetRequiredService<IClusterConnection>().Client;

    private static SiloConnection InSilo(IServiceProvider services) =>
        new(services.GetRequiredService<IClusterClient>());

    private static IServiceCollection AddRedis(this IServiceCollection services, string redis)
    {
        services.AddOptions<GridClientOptions>().Configure(o => o.Redis = redis);
        services.TryAddKeyedSingleton(
            RedisKey, (s, _) => RedisConnection.Connect(
                s.GetRequiredService<IOptions<GridClientOptions>>().Value.Redis, s.GetService<ILoggerFactory>()));
        services.TryAddSingleton(s => new RedisRunLog(
            s.GetRequiredKeyedService<IConnectionMultiplexer>(RedisKey),
            new RunLogOptions { KeyPrefix = s.GetRequiredService<IOptions<GridClientOptions>>().Value.Prefix },
            s.GetRequiredService<TimeProvider>(), s.GetService<ILogger<RedisRunLog>>())
        {
            Values = s.GetRequiredService<IArtifactStore>().Values,
        });
        services.TryAddSingleton<IRunStore>(s => s.GetRequiredService<RedisRunLog>());
        services.TryAddSingleton<IArtifactStore>(s => new RedisArtifacts(
            s.GetRequiredKeyedService<IConnectionMultiplexer>(RedisKey), s.GetRequiredService<IOptions<GridClientOptions>>().Value.Prefix,
            new ArtifactOptions(), s.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<IStoreAccess>(s => new RedisAccess(
            s.GetRequiredService<IOptions<GridClientOptions>>().Value.Redis, s.GetRequiredService<RedisRunLog>(),
            s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<RedisAccess>>()));
        return services;
    }

    private static IServiceCollection AddGrid(
        this IServiceCollection services, Action<GridClientOptions>? configure,
        Func<IServiceProvider, IClusterConnection> connect)
    {
        var options = services.AddOptions<GridClientOptions>();
        if (configure is not null)
        {
            options.Configure(configure);
        }
        if (services.Any(s => s.ServiceType == typeof(ClusterGrid)))
        {
            return services;
        }
        options.ValidateOnStart();
        services.AddSingleton<IValidateOptions<GridClientOptions>, GridClientOptionsValidation>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(connect);
        services.AddSingleton(s => new ClusterGrid(
            s.GetRequiredService<IOptions<GridClientOptions>>(), s.GetRequiredService<IClusterConnection>(),
            s.GetRequiredService<IRunStore>(), s.GetRequiredService<IStoreAccess>(),
            s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILoggerFactory>(),
            s.GetService<IArtifactStore>()));
        services.TryAddSingleton<IAgentGrid>(s => s.GetRequiredService<ClusterGrid>());
        services.AddSingleton<IHostedService>(s => s.GetRequiredService<ClusterGrid>());
        return services;
    }
}
