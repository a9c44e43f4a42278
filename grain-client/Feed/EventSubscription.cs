using AgentGrid.GrainClient.Connections;
using AgentGrid.GrainInterfaces;
using AgentGrid.GrainInterfaces.Feed;
using Microsoft.Extensions.Logging;
using Orleans.Streams;

namespace AgentGrid.GrainClient.Feed;

/// <summary>
/// Brings what the stream of turns carries to the <see cref="FeedTail"/>. The cluster forgets the subscription of a
/// process that it takes for dead; one that is brought nothing while there is something subscribes again.
/// </summary>
internal sealed partial class EventSubscription(
    IClusterConnection connection, FeedTail tail, TimeProvider time, ILogger<EventSubscription> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private StreamSubscriptionHandle<FeedTurn>? _handle;
    private Task _work = Task.CompletedTask;
    private long _delivered;
    private long _deliveredBefore;
    private long _filledBefore;

    /// <summary>It has been subscribed to at least once.</summary>
    public bool IsThere => _handle is not null;

    public void Start() => _work = WorkAsync();

    /// <summary>Says goodbye to the stream, so that nobody tries to deliver here any more.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _work.ConfigureAwait(false);
        try
        {
            await (_handle?.UnsubscribeAsync() ?? Task.CompletedTask).WaitAsync(LongestGoodbye, time).ConfigureAwait(false);
        }
        catch (Exception e) when (ClusterCalls.IsTransient(e))
        {
            // The cluster will notice by itself that nobody is here.
            LogNotUnsubscribed(logger, e);
        }
        _handle = null;
        _stopping.Dispose();
    }

    private async Task WorkAsync()
    {
        try
        {
            var client = await connection.ConnectedAsync(_stopping.Token).ConfigureAwait(false);
            while (true)
            {
                var (delivered, filled) = (Volatile.Read(ref _delivered), tail.Filled);
                if (_handle is null || (delivered == _deliveredBefore && filled > _filledBefore))
                {
                    await SubscribeAsync(client).ConfigureAwait(false);
                }
                (_deliveredBefore, _filledBefore) = (delivered, filled);
                await Task.Delay(Interval, time, _stopping.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task SubscribeAsync(IClusterClient client)
    {
        try
        {
            var old = _handle;
            _handle = await client.GetStreamProvider(ClusterNames.Events).GetStream<FeedTurn>(ClusterNames.EventStream)
                .SubscribeAsync(Deliver, Fail).WaitAsync(_stopping.Token).ConfigureAwait(false);
            if (old is not null)
            {
                await old.UnsubscribeAsync().WaitAsync(_stopping.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (ClusterCalls.IsTransient(e) || e is KeyNotFoundException)
        {
            // KeyNotFoundException: what Orleans says of its streams when it has been stopped meanwhile.
            LogNotSubscribed(logger, e);
        }
    }

    private Task Deliver(IList<SequentialItem<FeedTurn>> turns)
    {
        Interlocked.Increment(ref _delivered);
        tail.Offer(turns.Select(static t => t.Item));
        return Task.CompletedTask;
    }

    private Task Fail(Exception exception)
    {
        LogMissed(logger, exception);
        return Task.CompletedTask;
    }

    [LoggerMessage(820, LogLevel.Warning,
        "The stream of events cannot be subscribed to just now; events come from the run log until then")]
    private static partial void LogNotSubscribed(ILogger logger, Exception exception);

    [LoggerMessage(821, LogLevel.Debug, "The stream could not deliver something; it comes from the run log")]
    private static partial void LogMissed(ILogger logger, Exception exception);

    [LoggerMessage(822, LogLevel.Debug, "The stream of events could not be told that nobody is here any more")]
    private static partial void LogNotUnsubscribed(ILogger logger, Exception exception);
}
