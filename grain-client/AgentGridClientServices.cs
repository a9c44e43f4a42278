using AgentGrid.Core.Grid;
using AgentGrid.GrainClient.Connections;
using AgentGrid.RunLog;
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
        services.AddGrid(redis, configure, s => new ClientConnection(
            s.GetRequiredService<IOptions<GridClientOptions>>().Value,
            s.GetRequiredKeyedService<IConnectionMultiplexer>(RedisKey), s.GetRequiredService<ILoggerFactory>()));

    /// <summary>
    /// As <see cref="AddAgentGridClient"/>, in a process that is a silo of the cluster itself: its streams and its grain
    /// factory are used. To be called after the silo has been added, so that it is started after it.
    /// </summary>
    public static IServiceCollection AddAgentGridClientInSilo(
        this IServiceCollection services, string redis, Action<GridClientOptions>? configure = null) =>
        services.AddGrid(redis, configure, s => new SiloConnection(s.GetRequiredService<IClusterClient>()));

    /// <summary>
    /// The Orleans client behind <see cref="AddAgentGridClient"/>, for grains that the grid does not speak of; null as long
    /// as no silo has been found.
    /// </summary>
    public static IClusterClient? FindClusterClient(this IServiceProvider services) =>
        services.GetRequiredService<IClusterConnection>().Client;

    private static IServiceCollection AddGrid(
        this IServiceCollection services, string redis, Action<GridClientOptions>? configure,
        Func<IServiceProvider, IClusterConnection> connect)
    {
        var options = services.AddOptions<GridClientOptions>().Configure(o => o.Redis = redis);
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
        services.TryAddKeyedSingleton(
            RedisKey, (s, _) => RedisConnection.Connect(s.GetRequiredService<IOptions<GridClientOptions>>().Value.Redis));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(s => new RedisRunLog(
            s.GetRequiredKeyedService<IConnectionMultiplexer>(RedisKey),
            new RunLogOptions { KeyPrefix = s.GetRequiredService<IOptions<GridClientOptions>>().Value.Prefix },
            s.GetRequiredService<TimeProvider>(), s.GetService<ILogger<RedisRunLog>>()));
        services.AddSingleton(connect);
        services.AddSingleton(s => new ClusterGrid(
            s.GetRequiredService<IOptions<GridClientOptions>>(), s.GetRequiredService<IClusterConnection>(),
            s.GetRequiredService<RedisRunLog>(), s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILoggerFactory>()));
        services.TryAddSingleton<IAgentGrid>(s => s.GetRequiredService<ClusterGrid>());
        services.AddSingleton<IHostedService>(s => s.GetRequiredService<ClusterGrid>());
        return services;
    }
}
