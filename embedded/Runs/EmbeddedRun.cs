using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Runs;

/// <summary>A run that is driven in this process, and its part of the journal.</summary>
internal sealed class EmbeddedRun : IRunJournal
{
    private readonly EmbeddedEngine _engine;
    private readonly TaskCompletionSource<WriteOutcome> _accepted =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public EmbeddedRun(EmbeddedEngine engine, RunRef run, RunState state)
    {
        _engine = engine;
        Ref = run;
        RunsAhead = !state.Status.IsEnded();
        Driver = new RunDriver(engine.Drivers, this, engine.LocalSlots, state);
    }

    public RunRef Ref { get; }
    public RunDriver Driver { get; }
    public RunSummary Summary => Driver.Summary;

    /// <summary>What became of the run's acceptance; done already for runs that were found in the journal.</summary>
    public Task<WriteOutcome> Accepted => _engine.Platform.Wait(_accepted.Task);

    /// <summary>
    /// While the run goes on, its driver is the only writer, and turns are written in their order. Of one that has ended it
    /// may be that somebody else writes that it was posted again: the first turn of a retry is waited for.
    /// </summary>
    public bool RunsAhead { get; private set; }

    /// <summary>Says what became of the acceptance.</summary>
    public void Accept(WriteOutcome outcome) => _accepted.SetResult(outcome);

    public void Append(RunDriver driver, RunState state, RunEvent[] events, Action<TurnOutcome>? completed)
    {
        // While it goes on, those who ask for the run's line ask its driver.
        var line = state.Status.IsEnded() || Array.Exists(events, static e => e is RunEvent.RunRetried)
            ? RunDetailsBuilder.Summarize(state)
            : null;
        _engine.Journal.Append(new AppendEvents(Ref, state.Version - events.Length, events, line)
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
        _engine.Journal.Append(new Flush { Completed = _ => flushed.SetResult() });
        await _engine.Platform.Wait(flushed.Task).ConfigureAwait(false);
        // Nothing of what was refused is on its way any more.
        Ref.Refused = null;
        return await _engine.Store.ReplayAsync(Ref.Id).ConfigureAwait(false);
    }

    public void Close(RunDriver driver) => _engine.OnEnded(this);
}
