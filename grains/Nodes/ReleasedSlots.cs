using System.Collections.Immutable;
using System.Threading.Channels;
using AgentGrid.GrainInterfaces.Dispatch;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Nodes;

/// <summary>
/// Tells the dispatcher of slots that are free again: at once, and as many in one call as have come up meanwhile. A word
/// that is lost is made good by the node's next report.
/// </summary>
internal sealed partial class ReleasedSlots(IGrainFactory grains, ILogger<ReleasedSlots> logger) : BackgroundService
{
    private const int MostAtOnce = 1_000;

    private readonly Channel<string> _released = Channel.CreateUnbounded<string>(
        new UnboundedChannelOptions { SingleReader = true });

    public void Add(string slot) => _released.Writer.TryWrite(slot);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var dispatcher = grains.GetGrain<IDispatcherGrain>(0);
        var batch = ImmutableArray.CreateBuilder<string>();
        await foreach (var slot in _released.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
        {
            batch.Add(slot);
            while (batch.Count < MostAtOnce && _released.Reader.TryRead(out var next))
            {
                batch.Add(next);
            }
            try
            {
                await dispatcher.ReleaseSlotsAsync(batch.ToImmutable()).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Whatever keeps the dispatcher from answering: it is no reason to end this silo.
                LogLost(logger, Transient.Is(e) ? LogLevel.Debug : LogLevel.Warning, e, batch.Count);
            }
            batch.Clear();
        }
    }

    [LoggerMessage(EventId = 510, Message = "The dispatcher could not be told of {Slots} free slots")]
    private static partial void LogLost(ILogger logger, LogLevel level, Exception exception, int slots);
}
