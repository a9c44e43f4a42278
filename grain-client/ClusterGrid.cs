using AgentGrid.Core.Grid;
using AgentGrid.GrainClient.Connections;
using AgentGrid.GrainClient.Feed;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.GrainInterfaces.Matches;
using AgentGrid.RunLog;
using AgentGrid.RunLog.Connections;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AgentGrid.GrainClient;

/// <summary>
/// Agent Grid on a cluster. What has happened is read from the run log in Redis; what is to happen is asked of the
/// grains, in short calls; what happens is followed over a stream.
/// </summary>
public sealed partial class ClusterGrid : IAgentGrid, IHostedLifecycleService, IAsyncDisposable
{
    private readonly IClusterConnection _connection;
    private readonly ClusterCalls _calls;
    private readonly CallTimes _times;
    private readonly RedisRunLog _log;
    private readonly FeedTail _tail;
    private readonly EventSubscription _subscription;
    private readonly string _redis;
    private readonly string _redisAddress;
    private readonly string _clusterId;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private volatile bool _running;
    private volatile bool _stopping;

    internal ClusterGrid(
        IOptions<GridClientOptions> options, IClusterConnection connection, RedisRunLog log, TimeProvider time,
        ILoggerFactory loggers)
    {
        _connection = connection;
        _log = log;
        _redis = options.Value.Redis;
        _redisAddress = RedisConnection.AddressOf(options.Value.Redis);
        _clusterId = options.Value.ClusterId;
        _time = time;
        _logger = loggers.CreateLogger<ClusterGrid>();
        _times = options.Value.Times;
        _calls = new ClusterCalls(connection, _clusterId, time, _times);
        _tail = new FeedTail(
            new Engine.Feed.FeedBuffer(options.Value.FeedBuffer, Engine.Platform.Process), new RunLogEvents(log),
            time, loggers.CreateLogger<FeedTail>());
        _subscription = new EventSubscription(connection, _tail, time, loggers.CreateLogger<EventSubscription>());
    }

    /// <summary>Waits for Redis, but not for silos: whoever asks before there are any waits for them.</summary>
    /// <exception cref="GridUnavailableException">Redis cannot be reached.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await RedisGate.PassAsync(_redis, _time, _logger, cancellationToken).ConfigureAwait(false);
        await _tail.StartAsync().ConfigureAwait(false);
        _connection.Start();
        _subscription.Start();
        _running = true;
    }

    /// <summary>Ends every feed, and lets go of the cluster. Runs go on.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!_running)
        {
            return;
        }
        _stopping = true;
        _running = false;
        await _subscription.StopAsync().ConfigureAwait(false);
        await _tail.DisposeAsync().ConfigureAwait(false);
        await _connection.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Not ready from now on, so that no new callers are sent here; those that are here are served to the end.
    Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        return Task.CompletedTask;
    }

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2), _time);
        await StopAsync(soon.Token).ConfigureAwait(false);
    }

    private static IMatchGrain Match(IClusterClient client, string matchId) => client.GetGrain<IMatchGrain>(matchId);

    private static IDispatcherGrain Dispatcher(IClusterClient client) => client.GetGrain<IDispatcherGrain>(0);

    // A connection that breaks takes with it what was under way; what is asked after that waits for the next one. What
    // the library says about its connections is of no use to a caller of the API; what Redis itself answers is.
    private async Task<T> ReadAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken)
    {
        var again = true;
        while (true)
        {
            try
            {
                return await read().WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (RedisConnectionException) when (again)
            {
                again = false;
            }
            catch (Exception e) when (e is RedisException or TimeoutException)
            {
                throw new GridUnavailableException(RedisProblem(e), e);
            }
        }
    }

    private string RedisProblem(Exception e)
    {
        var answer = e is RedisServerException ? e.Message.TrimEnd('.') : e.GetType().Name;
        return $"Redis at {_redisAddress} does not answer as expected ({answer}): runs cannot be kept or read until it " +
            "does. Look whether it runs, has memory left, and can be reached from here.";
    }
}
