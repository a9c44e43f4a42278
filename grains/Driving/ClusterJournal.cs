using System.Diagnostics;
using AgentGrid.Core;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Admission;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Registry;
using AgentGrid.Engine.Store;
using AgentGrid.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Driving;

/// <summary>
/// A run in the run log. Others may write it too, as while silos disagree on who drives it: a turn is kept only when its
/// driver has seen all turns before it.
/// </summary>
internal sealed partial class ClusterJournal(ClusterEngine engine, RunId run) : IRunJournal
{
    public bool RunsAhead => false;

    public void Admit(RunDriver driver, RunState state, RunEvent[] events, Action<AdmitOutcome> completed) =>
        _ = AdmitAsync(driver, state, events, completed);

    public void Append(RunDriver driver, RunState state, RunEvent[] events, Action<TurnOutcome>? completed) =>
        _ = AppendAsync(driver, state.Version - events.Length, events, RunDetailsBuilder.Summarize(state), completed!);

    public async ValueTask<RunState?> ReplayAsync(RunDriver driver)
    {
        while (true)
        {
            try
            {
                return await engine.Log.ReplayAsync(run);
            }
            catch (DamageException e)
            {
                engine.Log.Report(e);
                return null; // nobody can drive it
            }
            catch (Exception e) when (Transient.Is(e) && !driver.IsStopping)
            {
                LogNotRead(engine.Logger, e, driver.Key);
                await Task.Delay(ClusterEngine.Pause, engine.Time);
            }
        }
    }

    public void Close(RunDriver driver) => engine.ActiveRuns.Remove(driver);

    private async Task AdmitAsync(
        RunDriver driver, RunState state, RunEvent[] events, Action<AdmitOutcome> completed)
    {
        AdmitOutcome outcome;
        try
        {
            outcome = events is [RunEvent.RunAccepted accepted]
                ? await AcceptAsync(accepted, state.Plan)
                : await RetryAsync(driver, state, events);
        }
        catch (StoreUnavailableException e)
        {
            outcome = new AdmitOutcome.Unavailable(e.Message);
        }
        catch (Exception e)
        {
            outcome = new AdmitOutcome.Failed(e);
        }
        completed(outcome);
    }

    private async Task<AdmitOutcome> AcceptAsync(RunEvent.RunAccepted accepted, Plan plan) =>
        await engine.Log.AcceptAsync(accepted, plan, MostRuns(accepted)) switch
        {
            AcceptOutcome.Kept => AdmitOutcome.Kept.Instance,
            // The answer to an earlier attempt of this very acceptance was lost on the way. The id of a child says nothing of that:
            // whoever drives the parent posts it under the same one. Nor does that of one which supersedes another: whoever tries to has it from there.
            AcceptOutcome.KeyTaken taken when taken.RunId == run && accepted is { Parent: null, Supersedes: null } => AdmitOutcome.Kept.Instance,
            AcceptOutcome.KeyTaken => AdmitOutcome.Conflict.Instance,
            AcceptOutcome.Full full => new AdmitOutcome.Full(new AdmissionRefusal(full.Reason, full.RetryAfter)),
            var other => throw new InvalidOperationException($"Unknown outcome {other.GetType()}."),
        };

    // A child that is refused could wait for the place that its parent has.
    private int MostRuns(RunEvent.RunAccepted accepted) => accepted.Parent is null ? engine.MaxRuns : int.MaxValue;

    private async Task<AdmitOutcome> RetryAsync(RunDriver driver, RunState state, RunEvent[] events)
    {
        var (version, summary) = (state.Version, RunDetailsBuilder.Summarize(state));
        return await AppendAsync(driver, version - events.Length, events, summary) switch
        {
            AppendOutcome.Kept => AdmitOutcome.Kept.Instance,
            AppendOutcome.Full full => new AdmitOutcome.Full(new AdmissionRefusal(full.Reason, full.RetryAfter)),
            // It has been kept, and the answer was lost on the way; a retry by somebody else, which makes as many events, was at another time.
            AppendOutcome.Conflict when await engine.Log.FindAsync(run) is { } kept
                && kept.Version == version && !kept.Summary.Status.IsEnded() && kept.Summary.QueuedAt == summary.QueuedAt => AdmitOutcome.Kept.Instance,
            AppendOutcome.Conflict => AdmitOutcome.Conflict.Instance,
            AppendOutcome.Gone => AdmitOutcome.Gone.Instance,
            var other => throw new InvalidOperationException($"Unknown outcome {other.GetType()}."),
        };
    }

    private async Task AppendAsync(
        RunDriver driver, long version, RunEvent[] events, RunSummary summary, Action<TurnOutcome> completed)
    {
        var outcome = TurnOutcome.Failed;
        try
        {
            outcome = await AppendAsync(driver, version, events, summary) switch
            {
                AppendOutcome.Kept => TurnOutcome.Kept,
                AppendOutcome.Conflict => TurnOutcome.Conflict,
                AppendOutcome.Gone => TurnOutcome.Gone,
                var other => throw new InvalidOperationException($"Unknown outcome {other.GetType()}."),
            };
        }
        catch (DamageException e)
        {
            engine.Log.Report(e);
            outcome = TurnOutcome.Gone;
        }
        catch (Exception e)
        {
            LogNotKept(engine.Logger, driver.IsStopping ? LogLevel.Warning : LogLevel.Error, e, driver.Key);
        }
        completed(outcome);
    }

    private async Task<AppendOutcome> AppendAsync(
        RunDriver driver, long version, RunEvent[] events, RunSummary summary)
    {
        while (true)
        {
            try
            {
                var startedAt = Stopwatch.GetTimestamp();
                var outcome = await engine.Log.AppendAsync(run, version, events, summary, engine.MaxRuns);
                if (outcome is AppendOutcome.Kept)
                {
                    GridMetrics.RecordCommit(startedAt, events.Length);
                }
                return outcome;
            }
            // Nothing new is promised while the store keeps nothing: who asks for a retry is told so.
            catch (Exception e) when (Transient.Is(e) && !driver.IsStopping
                && !(e is StoreUnavailableException && events[0] is RunEvent.RunRetried))
            {
                LogNotKept(engine.Logger, LogLevel.Warning, e, driver.Key);
                await Task.Delay(ClusterEngine.Pause, engine.Time);
            }
        }
    }

    [LoggerMessage(EventId = 702, Message = "Run '{Run}': a turn could not be kept")]
    private static partial void LogNotKept(ILogger logger, LogLevel level, Exception exception, RunKey run);

    [LoggerMessage(703, LogLevel.Warning, "Run '{Run}' could not be read from the log yet; trying again")]
    private static partial void LogNotRead(ILogger logger, Exception exception, RunKey run);
}
