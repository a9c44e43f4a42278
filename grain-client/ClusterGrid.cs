using AgentGrid.Core.Grid;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Store;
using AgentGrid.GrainClient.Connections;
using AgentGrid.GrainClient.Feed;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.GrainInterfaces.Matches;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AgentGrid.GrainClient;

/// <summary>
/// Agent Grid on a cluster. What has happened is read from the store; what is to happen is asked of the grains, in short
/// calls; what happens is followed over a stream.
/// </summary>
public sealed partial class ClusterGrid : IAgentGrid, IHostedLifecycleService, IAsyncDisposable
{
    private readonly IClusterConnection _connection;
    private readonly ClusterCalls _calls;
    private readonly CallTimes _times;
    private readonly IRunStore _log;
    private readonly IStoreAccess _access;
    private readonly IArtifactStore? _artifacts;
    private readonly FeedTail _tail;
    private readonly EventSubscription _subscription;
    private readonly string _clusterId;
    private readonly TimeProvider _time;
    private volatile bool _running;
    private volatile bool _stopping;

    internal ClusterGrid(
        IOptions<GridClientOptions> options, IClusterConnection connection, IRunStore log, IStoreAccess access,
        TimeProvider time, ILoggerFactory loggers, IArtifactStore? artifacts = null)
    {
        _artifacts = artifacts;
        _connection = connection;
        _log = log;
        _access = access;
        _clusterId = options.Value.ClusterId;
        _time = time;
        _times = options.Value.Times;
        _calls = new ClusterCalls(connection, _clusterId, time, _times);
        _tail = new FeedTail(
            new Engine.Feed.FeedBuffer(options.Value.FeedBuffer, Engine.Platform.Process), new RunLogEvents(log),
            time, loggers.CreateLogger<FeedTail>());
        _subscription = new EventSubscription(connection, _tail, time, loggers.CreateLogger<EventSubscription>());
    }

    /// <summary>Waits for the store, but not for silos: whoever asks before there are any waits for them.</summary>
    /// <exception cref="GridUnavailableException">The store cannot be reached.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _access.OpenAsync(cancellationToken).ConfigureAwait(false);
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

    private Task<T> ReadAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken) =>
        _access.ReadAsync(read, cancellationToken);
}
