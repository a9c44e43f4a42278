using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using AgentGrid.GrainInterfaces.Dispatch;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Driving;

/// <summary>
/// Tells the dispatcher how attempts of the runs that are driven here have ended: failures, and what succeeds after one. That all
/// goes well costs nothing; a word that is lost is one that was not heard, and others follow.
/// </summary>
internal sealed partial class ReportedOutcomes(IGrainFactory grains, ILogger<ReportedOutcomes> logger) : BackgroundService
{
    private const int MostAtOnce = 1_000;

    private readonly Channel<AgentOutcome> _outcomes = Channel.CreateBounded<AgentOutcome>(
        new BoundedChannelOptions(100_000) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });

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
        _outcomes.Writer.TryWrite(new AgentOutcome(agent, hasFailed));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var dispatcher = grains.GetGrain<IDispatcherGrain>(0);
        var batch = ImmutableArray.CreateBuilder<AgentOutcome>();
        await foreach (var outcome in _outcomes.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
        {
            batch.Add(outcome);
            while (batch.Count < MostAtOnce && _outcomes.Reader.TryRead(out var next))
            {
                batch.Add(next);
            }
            try
            {
                await dispatcher.ReportOutcomesAsync(batch.ToImmutable()).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Whatever keeps the dispatcher from answering: it is no reason to end this silo.
                LogLost(logger, Transient.Is(e) ? LogLevel.Debug : LogLevel.Warning, e, batch.Count);
            }
            batch.Clear();
        }
    }

    [LoggerMessage(EventId = 707, Message = "The dispatcher could not be told how {Attempts} attempts have ended")]
    private static partial void LogLost(ILogger logger, LogLevel level, Exception exception, int attempts);
}
