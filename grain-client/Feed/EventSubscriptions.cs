using System.Globalization;
using AgentGrid.GrainClient.Connections;
using AgentGrid.GrainInterfaces;
using AgentGrid.GrainInterfaces.Feed;
using Microsoft.Extensions.Logging;
using Orleans.Streams;

namespace AgentGrid.GrainClient.Feed;

/// <summary>
/// Brings what the silos' streams carry to the <see cref="FeedTail"/>. The cluster forgets the subscriptions of a
/// process that it takes for dead; one that notices that its streams bring less than there is subscribes again.
/// </summary>
internal sealed partial class EventSubscriptions(
    IClusterConnection connection, FeedTail tail, TimeProvider time, ILogger<EventSubscriptions> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(2);

    private readonly StreamSubscriptionHandle<FeedBatch>?[] _handles =
        new StreamSubscriptionHandle<FeedBatch>?[ClusterNames.EventPartitions];
    private readonly long[] _delivered = new long[ClusterNames.EventPartitions];
    private readonly long[] _deliveredBefore = new long[ClusterNames.EventPartitions];
    private readonly CancellationTokenSource _stopping = new();
    private Task _work = Task.CompletedTask;
    private long _filledBefore;

    /// <summary>Every stream has been subscribed to at least once.</summary>
    public bool AreComplete => Array.TrueForAll(_handles, h => h is not null);

    public void Start() => _work = WorkAsync();

    /// <summary>Says goodbye to the streams, so that nobody tries to deliver here any more.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _work.ConfigureAwait(false);
        try
        {
            await Task.WhenAll(_handles.OfType<StreamSubscriptionHandle<FeedBatch>>().Select(h => h.UnsubscribeAsync()))
                .WaitAsync(LongestGoodbye, time).ConfigureAwait(false);
        }
        catch (Exception e) when (ClusterCalls.IsTransient(e))
        {
            // The cluster will notice by itself that nobody is here.
            LogNotUnsubscribed(logger, e);
        }
        Array.Clear(_handles);
        _stopping.Dispose();
    }

    private async Task WorkAsync()
    {
        try
        {
            var client = await connection.ConnectedAsync(_stopping.Token).ConfigureAwait(false);
            while (true)
            {
                await CareAsync(client).ConfigureAwait(false);
                await Task.Delay(Interval, time, _stopping.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task CareAsync(IClusterClient client)
    {
        var filled = tail.Filled;
        var lacking = filled > _filledBefore;
        _filledBefore = filled;
        for (var partition = 0; partition < _handles.Length; partition++)
        {
            var delivered = Volatile.Read(ref _delivered[partition]);
            var silent = delivered == _deliveredBefore[partition];
            _deliveredBefore[partition] = delivered;
            if (_handles[partition] is null || (lacking && silent))
            {
                await SubscribeAsync(client, partition).ConfigureAwait(false);
            }
        }
    }

    private async Task SubscribeAsync(IClusterClient client, int partition)
    {
        try
        {
            var stream = client.GetStreamProvider(ClusterNames.Events).GetStream<FeedBatch>(StreamId.Create(
                ClusterNames.EventStreams, partition.ToString(CultureInfo.InvariantCulture)));
            var old = _handles[partition];
            _handles[partition] = await stream.SubscribeAsync((batch, _) => Deliver(partition, batch), Fail)
                .WaitAsync(_stopping.Token).ConfigureAwait(false);
            if (old is not null)
            {
                await old.UnsubscribeAsync().WaitAsync(_stopping.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (ClusterCalls.IsTransient(e) || e is KeyNotFoundException)
        {
            // KeyNotFoundException: what Orleans says of its streams when it has been stopped meanwhile.
            LogNotSubscribed(logger, e, partition);
        }
    }

    private Task Deliver(int partition, FeedBatch batch)
    {
        Interlocked.Increment(ref _delivered[partition]);
        tail.Offer(batch);
        return Task.CompletedTask;
    }

    private Task Fail(Exception exception)
    {
        LogMissed(logger, exception);
        return Task.CompletedTask;
    }

    [LoggerMessage(820, LogLevel.Warning,
        "The stream of events {Partition} cannot be subscribed to just now; events come from the run log until then")]
    private static partial void LogNotSubscribed(ILogger logger, Exception exception, int partition);

    [LoggerMessage(821, LogLevel.Debug, "A stream could not deliver something; it comes from the run log")]
    private static partial void LogMissed(ILogger logger, Exception exception);

    [LoggerMessage(822, LogLevel.Debug, "The streams of events could not be told that nobody is here any more")]
    private static partial void LogNotUnsubscribed(ILogger logger, Exception exception);
}
