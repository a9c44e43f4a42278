using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains.Dispatch;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Driving;

/// <summary>
/// Tells the dispatcher how attempts of the runs that are driven here have ended: failures, and what succeeds after one. That all
/// goes well costs nothing; a word that is lost is one that was not heard, and others follow.
/// </summary>
internal sealed partial class ReportedOutcomes(IGrainFactory grains, ILogger<ReportedOutcomes> logger)
    : WordsForDispatcher<AgentOutcome>(grains, Channel.CreateBounded<AgentOutcome>(
        new BoundedChannelOptions(100_000) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest }))
{
    // Of which the dispatcher has heard a failure from here, and no success since.
    private readonly ConcurrentDictionary<string, bool> _failing = new(StringComparer.Ordinal);

    /// <param name="isFailing">The dispatcher knows of failures.</param>
    public void Add(string agent, bool hasFailed, bool isFailing)
    {
        if (hasFailed)
        {
            _failing[agent] = true;
        }
        else if (!_failing.TryRemove(agent, out _) && !isFailing)
        {
            return;
        }
        Say(new AgentOutcome(agent, hasFailed));
    }

    protected override Task TellAsync(IDispatcherGrain dispatcher, ImmutableArray<AgentOutcome> some) =>
        dispatcher.ReportOutcomesAsync(some);

    protected override void OnLost(LogLevel level, Exception exception, int count) => LogLost(logger, level, exception, count);

    [LoggerMessage(EventId = 707, Message = "The dispatcher could not be told how {Attempts} attempts ended")]
    private static partial void LogLost(ILogger logger, LogLevel level, Exception exception, int attempts);
}
