using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.Grains.Nodes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Recovery;

/// <summary>
/// Says regularly that the cluster lives, and knows when it last did not: when no silo was there to drive runs.
/// </summary>
internal sealed partial class ClusterLife(Node node, IRunStore log, ILogger<ClusterLife> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Longest = 3 * Interval;

    private Known? _known;

    /// <summary>When nobody was there last; null for never. Asks the store the first time.</summary>
    public async ValueTask<Outage?> LastOutageAsync() => (Volatile.Read(ref _known) ?? await LookAsync()).Outage;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, node.Time);
        do
        {
            try
            {
                await LookAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // While the store is away nobody can drive runs, whether or not anybody is there.
                LogUnsaid(logger, Transient.Is(e) ? LogLevel.Debug : LogLevel.Warning, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    private async Task<Known> LookAsync()
    {
        var known = new Known(await log.StayAliveAsync(Longest).ConfigureAwait(false));
        Volatile.Write(ref _known, known);
        return known;
    }

    [LoggerMessage(EventId = 723, Message = "The store could not be told that the cluster is alive")]
    private static partial void LogUnsaid(ILogger logger, LogLevel level, Exception exception);

    private sealed record Known(Outage? Outage);
}
