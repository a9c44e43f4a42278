using AgentGrid.Core;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Schedules;

/// <summary>
/// Posts the runs of schedules. Looks once a second at what is due. Of a cluster every silo does so: the key of a run is that of
/// its tick, so whoever posts it first has it, and nobody need be asked who that is.
/// </summary>
public sealed partial class ScheduleRunner(IScheduleHost host, TimeProvider time, ILogger logger)
{
    private const int RunsLookedAt = 20;
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    // Ticks of an outage are made up for by those that come when it ends, and not by who comes days later: by then the runs
    // of these ticks, by which it is known that they were made up for, may have been removed.
    private static readonly TimeSpan s_justNow = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, Progress> _progress = new(StringComparer.Ordinal);
    private bool _hasLooked;

    /// <summary>Goes on until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        do
        {
            await LookAsync(cancellationToken).ConfigureAwait(false);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Posts what is due by now.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken = default)
    {
        if (host.Config is not { } config)
        {
            return;
        }
        try
        {
            await FollowAsync(config).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogUnknown(logger, e);
            return;
        }
        foreach (var schedule in config.Schedules.Values)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            var progress = _progress[schedule.Name];
            try
            {
                await PostDueAsync(schedule, progress).ConfigureAwait(false);
                progress.IsTold = false;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Said once: it is tried again every second.
                LogFailed(logger, progress.IsTold ? LogLevel.Debug : LogLevel.Warning, e, schedule.Name);
                progress.IsTold = true;
            }
        }
    }

    // A schedule that is new, or has other times, begins now; one that was there when this process came, with what was missed.
    private async ValueTask FollowAsync(GridConfig config)
    {
        var now = time.GetUtcNow();
        DateTimeOffset? missedSince = null;
        if (!_hasLooked)
        {
            var outage = config.Schedules.IsEmpty ? null : await host.LastOutageAsync().ConfigureAwait(false);
            missedSince = outage is { } down && now - down.Until < s_justNow ? down.Since : null;
            _hasLooked = true;
        }
        foreach (var name in _progress.Keys.Except(config.Schedules.Keys).ToArray())
        {
            _progress.Remove(name);
        }
        foreach (var schedule in config.Schedules.Values)
        {
            var times = (schedule.Cron, schedule.TimeZone, schedule.Paused);
            if (!_progress.TryGetValue(schedule.Name, out var progress) || progress.Times != times)
            {
                _progress[schedule.Name] = new Progress(times)
                {
                    Settled = missedSince ?? now,
                    IsBehind = missedSince is not null,
                };
            }
        }
    }

    private async Task PostDueAsync(ScheduleConfig schedule, Progress progress)
    {
        var now = time.GetUtcNow();
        if (schedule.Paused)
        {
            progress.Settled = now;
            return;
        }
        // Of those that come while somebody is there, the newest is never too late.
        var most = progress.IsBehind ? schedule.CatchUp : Math.Max(1, schedule.CatchUp);
        foreach (var tick in schedule.Ticks(progress.Settled, now, most))
        {
            if (!await SettleAsync(schedule, tick).ConfigureAwait(false))
            {
                return;
            }
            progress.Settled = tick;
        }
        (progress.Settled, progress.IsBehind) = (now, false);
    }

    /// <returns>False when it is to be looked at again.</returns>
    private async Task<bool> SettleAsync(ScheduleConfig schedule, DateTimeOffset tick)
    {
        var key = schedule.KeyOf(tick);
        var runs = (await host.ListRunsAsync(new RunQuery(MatchId: key.MatchId, Limit: RunsLookedAt)).ConfigureAwait(false)).Runs;
        // Another silo has come further: a late tick takes nobody's place.
        if (runs.Any(r => TimeText.Parse(r.Round) >= tick))
        {
            return true;
        }
        foreach (var other in runs.Where(static r => !r.Status.IsEnded()))
        {
            switch (schedule.Overlap)
            {
                case Overlap.Skip:
                    LogSkipped(logger, key, other.Round);
                    return true;
                case Overlap.Queue:
                    return false;
                default:
                    await host.CommandAsync(other.RunId, new RunCommand.Cancel($"run '{key}' takes its place")).ConfigureAwait(false);
                    break;
            }
        }
        var submit = new SubmitRun(key, schedule.InputOf(tick), schedule.Plan) { Labels = schedule.Labels };
        switch (await host.SubmitAsync(submit).ConfigureAwait(false))
        {
            case SubmitResult.Accepted:
                LogPosted(logger, key, schedule.Plan);
                return true;
            case SubmitResult.Replayed:
                return true;
            case SubmitResult.Conflict(_, var differences):
                LogRefused(logger, key, $"the key has another run, which differs in {string.Join(", ", differences)}");
                return true;
            case SubmitResult.Invalid(var problems):
                LogRefused(logger, key, string.Join("; ", problems));
                return true;
            case SubmitResult.GroupFull full:
                LogRefused(logger, key, full.Message);
                return true;
            case SubmitResult.Overloaded(_, var message):
                throw new InvalidOperationException(message);
            case SubmitResult.Unavailable(var message):
                throw new InvalidOperationException(message);
            case var other:
                throw new InvalidOperationException($"Unknown answer {other}.");
        }
    }

    /// <summary>How far a schedule has come.</summary>
    /// <param name="Times">What it must not change in.</param>
    private sealed record Progress((string Cron, string TimeZone, bool Paused) Times)
    {
        /// <summary>Up to here nothing is left to post.</summary>
        public DateTimeOffset Settled { get; set; }

        /// <summary>What is due was missed while nobody was there.</summary>
        public bool IsBehind { get; set; }

        /// <summary>That it cannot post is in the log.</summary>
        public bool IsTold { get; set; }
    }
}
