using System.Collections.Immutable;
using System.Threading.Channels;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains.Dispatch;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Nodes;

/// <summary>Tells the dispatcher of slots that are free again. A word that is lost is made good by the node's next report.</summary>
internal sealed partial class ReleasedSlots(IGrainFactory grains, ILogger<ReleasedSlots> logger)
    : WordsForDispatcher<string>(grains, Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true }))
{
    public void Add(string slot) => Say(slot);

    protected override Task TellAsync(IDispatcherGrain dispatcher, ImmutableArray<string> some) => dispatcher.ReleaseSlotsAsync(some);

    protected override void OnLost(LogLevel level, Exception exception, int count) => LogLost(logger, level, exception, count);

    [LoggerMessage(EventId = 510, Message = "The dispatcher could not be told of {Slots} free slots")]
    private static partial void LogLost(ILogger logger, LogLevel level, Exception exception, int slots);
}
