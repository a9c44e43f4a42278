using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Registry;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Runs;

/// <summary>The part of the journal that is about a run which is driven in this process, and the run's place.</summary>
internal sealed class EmbeddedRun(EmbeddedEngine engine, RunRef run, bool runsAhead) : IRunJournal
{
    private bool _hasPlace;
    private bool _wasActive;

    /// <summary>
    /// While the run goes on, its driver is the only writer, and turns are written in their order. Of one that has ended it
    /// may be that somebody else writes that it was posted again: the first turn of a retry is waited for.
    /// </summary>
    public bool RunsAhead { get; private set; } = runsAhead;

    /// <summary>The run was promised a place before.</summary>
    public void TakePlace(string? tenant)
    {
        engine.Places.Enter(tenant);
        (_hasPlace, _wasActive) = (true, true);
    }

    public void Admit(RunDriver driver, RunState state, RunEvent[] events, Action<AdmitOutcome> completed)
    {
        if (state.Parent is not null)
        {
            engine.Places.Enter(state.Tenant); // else its parent could wait for the place that it has itself
        }
        else if (engine.Places.TryEnter(state.Tenant) is { } refusal)
        {
            completed(new AdmitOutcome.Full(refusal));
            return;
        }
        _hasPlace = true;
        engine.Journal.Append(new AppendEvents(run, state.Version - events.Length, events, LineOf(state, events))
        {
            Accept = events[0] is RunEvent.RunAccepted ? state.Plan : null,
            Completed = outcome =>
            {
                _wasActive = outcome == WriteOutcome.Durable;
                RunsAhead |= _wasActive;
                completed(outcome switch
                {
                    WriteOutcome.Durable => AdmitOutcome.Kept.Instance,
                    WriteOutcome.KeyTaken or WriteOutcome.Conflict => AdmitOutcome.Conflict.Instance,
                    WriteOutcome.RunRemoved => AdmitOutcome.Gone.Instance,
                    WriteOutcome.Failed => new AdmitOutcome.Unavailable(
                        engine.Journal.Failure ?? "The run could not be kept; try again."),
                    _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "unknown outcome"),
                });
            },
        });
    }

    public void Append(RunDriver driver, RunState state, RunEvent[] events, Action<TurnOutcome>? completed)
    {
        engine.Journal.Append(new AppendEvents(run, state.Version - events.Length, events, LineOf(state, events))
        {
            Completed = completed is null ? null : outcome =>
            {
                RunsAhead |= outcome == WriteOutcome.Durable;
                completed(outcome switch
                {
                    WriteOutcome.Durable => TurnOutcome.Kept,
                    WriteOutcome.Conflict => TurnOutcome.Conflict,
                    _ => TurnOutcome.Gone,
                });
            },
        });
    }

    public async ValueTask<RunState?> ReplayAsync(RunDriver driver)
    {
        var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.Journal.Append(new Flush { Completed = _ => flushed.SetResult() });
        await engine.Platform.Wait(flushed.Task).ConfigureAwait(false);
        // Nothing of what was refused is on its way any more.
        run.Refused = null;
        return await engine.Store.ReplayAsync(run.Id).ConfigureAwait(false);
    }

    // While it goes on, those who ask for the run's line ask its driver; but the moment after its end finds what was kept
    // before, which must have what it is found by.
    private static RunSummary? LineOf(RunState state, RunEvent[] events) =>
        state.Status.IsEnded() || Array.Exists(events, static e => e is RunEvent.RunRetried or RunEvent.RunAccepted { Labels: not null } or RunEvent.RunAccepted { Supersedes: not null })
            ? RunDetailsBuilder.Summarize(state)
            : null;

    public void Close(RunDriver driver)
    {
        if (_hasPlace)
        {
            engine.Places.Leave(driver.Tenant, ended: _wasActive);
        }
    }
}
