using AgentGrid.GrainClient.Connections;
using AgentGrid.GrainInterfaces;
using AgentGrid.RunLog.Connections;
using AgentGrid.Streams;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Serialization;
using StackExchange.Redis;

namespace AgentGrid.GrainClient;

/// <summary>
/// An Orleans client in a container of its own: the program around it may be a client, or a silo, of some other cluster.
/// It is started in the background and never gives up, so the program is there before the first silo is.
/// </summary>
internal sealed partial class ClientConnection(
    GridClientOptions options, IConnectionMultiplexer redis, ILoggerFactory loggers)
    : IClusterConnection, IAsyncDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan GatewayRefresh = TimeSpan.FromMilliseconds(500);

    private readonly ILogger _logger = loggers.CreateLogger<ClientConnection>();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<IClusterClient> _connected =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ServiceProvider? _services;
    private Task _starting = Task.CompletedTask;
    private volatile IClusterClient? _client;
    private bool _toldOfAbsence;

    public IClusterClient? Client => _client;

    public void Start()
    {
        _services = Compose();
        _starting = StartAsync();
    }

    public Task<IClusterClient> ConnectedAsync(CancellationToken cancellationToken) =>
        _connected.Task.WaitAsync(cancellationToken);

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _starting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_client is IHostedService client)
        {
            _client = null;
            await client.StopAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
        {
            await _services.DisposeAsync().ConfigureAwait(false);
        }
        _stopping.Dispose();
    }

    private ServiceProvider Compose()
    {
        var services = new ServiceCollection();
        services.AddSingleton(loggers);
        services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        services.AddOrleansClient(client =>
        {
            client.Configure<ClusterOptions>(cluster =>
            {
                cluster.ClusterId = options.ClusterId;
                cluster.ServiceId = options.Prefix;
            });
            client.Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = GatewayRefresh);
            client.UseRedisClustering(clustering =>
            {
                clustering.ConfigurationOptions = RedisConnection.Options(options.Redis);
                clustering.CreateMultiplexer = _ => Task.FromResult((redis, true));
            });
            client.AddRedisStreams(ClusterNames.Events, streams => streams.Connection = _ => redis);
            // What a grain has met in Redis arrives as what it is, with whatever was the cause of that.
            client.Services.Configure<ExceptionSerializationOptions>(o => o.SupportedExceptionTypeFilter = static _ => true);
            client.UseConnectionRetryFilter(RetryAsync);
            if (options.Traces)
            {
                client.AddActivityPropagation();
            }
        });
        return services.BuildServiceProvider();
    }

    private async Task StartAsync()
    {
        var client = _services!.GetRequiredService<IClusterClient>();
        await ((IHostedService)client).StartAsync(_stopping.Token).ConfigureAwait(false);
        _client = client;
        LogConnected(_logger, options.ClusterId);
        _connected.TrySetResult(client);
    }

    private async Task<bool> RetryAsync(Exception exception, CancellationToken cancellationToken)
    {
        if (!_toldOfAbsence)
        {
            _toldOfAbsence = true;
            LogNoSilo(_logger, options.ClusterId, exception.Message);
        }
        await Task.Delay(Retry, cancellationToken).ConfigureAwait(false);
        return true;
    }

    [LoggerMessage(810, LogLevel.Warning,
        "No silo of cluster '{ClusterId}' can be reached yet ({Reason}); it is tried on")]
    private static partial void LogNoSilo(ILogger logger, string clusterId, string reason);

    [LoggerMessage(811, LogLevel.Information, "Connected to cluster '{ClusterId}'")]
    private static partial void LogConnected(ILogger logger, string clusterId);
}
