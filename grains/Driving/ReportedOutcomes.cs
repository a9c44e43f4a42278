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
    // Of which the dispatcher has heard a failure from here, and no success since: of an agent, and of an agent on a node.
    private readonly ConcurrentDictionary<(string Agent, string? Node), bool> _failing = [];

    /// <param name="isFailing">The dispatcher knows of failures that a success puts an end to.</param>
    public void Add(string agent, string? node, bool hasFailed, bool isFailing)
    {
        if (hasFailed)
        {
            _failing[(agent, null)] = _failing[(agent, node)] = true;
        }
        else if (!(_failing.TryRemove((agent, null), out _) | _failing.TryRemove((agent, node), out _)) && !isFailing)
        {
            return;
        }
        Say(new AgentOutcome(agent, hasFailed) { Node = node });
    }

    protected override Task TellAsync(IDispatcherGrain dispatcher, ImmutableArray<AgentOutcome> some) =>
        dispatcher.ReportOutcomesAsync(some);

    protected override void OnLost(LogLevel level, Exception exception, int count) => LogLost(logger, level, exception, count);

    [LoggerMessage(EventId = 707, Message = "The dispatcher could not be told how {Attempts} attempts ended")]
    private static partial void LogLost(ILogger logger, LogLevel level, Exception exception, int attempts);
}
