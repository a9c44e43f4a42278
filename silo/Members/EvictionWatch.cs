using AgentGrid.RunLog;

namespace AgentGrid.Silo.Members;

/// <summary>Tells when Redis begins to drop runs, and when it ceases: it can be set otherwise at any time.</summary>
internal sealed partial class EvictionWatch(RedisRunLog log, TimeProvider time, ILogger<EvictionWatch> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private string? _policy;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                await LookAsync(stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        try
        {
            var policy = await log.FindEvictionAsync().WaitAsync(Interval, time, stoppingToken).ConfigureAwait(false);
            if (policy is not null && policy != _policy)
            {
                LogDrops(logger, RedisRunLog.EvictionProblem(policy));
            }
            else if (policy is null && _policy is not null)
            {
                LogOver(logger);
            }
            _policy = policy;
        }
        catch (Exception e) when (e is StackExchange.Redis.RedisException or TimeoutException)
        {
            // That Redis is away is told by others.
            LogUnheard(logger, e);
        }
    }

    [LoggerMessage(950, LogLevel.Error, "{Problem}")]
    private static partial void LogDrops(ILogger logger, string problem);

    [LoggerMessage(951, LogLevel.Information, "Redis no longer drops runs")]
    private static partial void LogOver(ILogger logger);

    [LoggerMessage(952, LogLevel.Debug, "Redis does not say what it does when its memory is full")]
    private static partial void LogUnheard(ILogger logger, Exception exception);
}
