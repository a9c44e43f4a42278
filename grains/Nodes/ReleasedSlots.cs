using System.Collections.Immutable;
using System.Threading.Channels;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains.Dispatch;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Nodes;

/// <summary>
/// Tells the dispatcher of slots that are free again, and before that how many tokens were used on them. A word that is lost is made good by
/// the node's next report; tokens stay what was expected then.
/// </summary>
internal sealed partial class ReleasedSlots(IGrainFactory grains, ILogger<ReleasedSlots> logger)
    : WordsForDispatcher<(string Slot, long? Tokens)>(
        grains, Channel.CreateUnbounded<(string Slot, long? Tokens)>(new UnboundedChannelOptions { SingleReader = true }))
{
    /// <param name="tokens">How many were used; null where nobody says.</param>
    public void Add(string slot, long? tokens = null) => Say((slot, tokens));

    protected override async Task TellAsync(IDispatcherGrain dispatcher, ImmutableArray<(string Slot, long? Tokens)> some)
    {
        ImmutableArray<TokenUse> used = [.. some.Where(static s => s.Tokens is not null).Select(static s => new TokenUse(s.Slot, s.Tokens!.Value))];
        if (!used.IsEmpty)
        {
            await dispatcher.SettleTokensAsync(used);
        }
        await dispatcher.ReleaseSlotsAsync([.. some.Select(static s => s.Slot)]);
    }

    protected override void OnLost(LogLevel level, Exception exception, int count) => LogLost(logger, level, exception, count);

    [LoggerMessage(EventId = 510, Message = "The dispatcher could not be told of {Slots} free slots")]
    private static partial void LogLost(ILogger logger, LogLevel level, Exception exception, int slots);
}
