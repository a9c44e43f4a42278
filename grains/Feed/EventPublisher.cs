using System.Collections.Immutable;
using System.Threading.Channels;
using AgentGrid.Core.Feed;
using AgentGrid.GrainInterfaces;
using AgentGrid.GrainInterfaces.Feed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Streams;

namespace AgentGrid.Grains.Feed;

/// <summary>
/// Sends durable events to the streams that feeds are made of: at once, and as many in one batch as have come up
/// meanwhile. What is lost here is not lost to feeds: they find the gap in the numbers, and read the run log.
/// </summary>
internal sealed partial class EventPublisher(
    IServiceProvider services, ILocalSiloDetails silo, ILogger<EventPublisher> logger) : BackgroundService
{
    private const int MostAtOnce = 500;
    private const int MostWaiting = 100_000;

    private readonly Channel<ImmutableArray<FeedEvent>> _events = Channel.CreateBounded<ImmutableArray<FeedEvent>>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    public void Publish(ImmutableArray<FeedEvent> events) => _events.Writer.TryWrite(events);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var frames = ImmutableArray.CreateBuilder<FeedFrame>();
        await foreach (var first in _events.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
        {
            Add(first);
            while (frames.Count < MostAtOnce && _events.Reader.TryRead(out var next))
            {
                Add(next);
            }
            frames.Sort(static (a, b) => a.Seq.CompareTo(b.Seq));
            await SendAsync(new FeedBatch(frames.ToImmutable())).ConfigureAwait(false);
            frames.Clear();
        }

        void Add(ImmutableArray<FeedEvent> events) => frames.AddRange(events.Select(FeedFrame.Of));
    }

    private async Task SendAsync(FeedBatch batch)
    {
        try
        {
            await Stream().OnNextAsync(batch).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever it is that a provider of streams throws while Redis is away: nobody depends on its work.
            LogLost(logger, e, batch.Frames.Length);
        }
    }

    // A silo keeps to one stream, so that its batches stay in order.
    private IAsyncStream<FeedBatch> Stream()
    {
        var partition = (uint)silo.SiloAddress.GetConsistentHashCode() % ClusterNames.EventPartitions;
        return services.GetRequiredService<IClusterClient>().GetStreamProvider(ClusterNames.Events)
            .GetStream<FeedBatch>(StreamId.Create(ClusterNames.EventStreams, $"{partition}"));
    }

    [LoggerMessage(620, LogLevel.Warning, "{Events} events could not be sent to the streams; feeds will read them from the run log")]
    private static partial void LogLost(ILogger logger, Exception exception, int events);
}
