using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine.Driving;

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
        Driver = new RunDriver(engine.Drivers, this, engine.LocalSlots, state);
    }

    public RunRef Ref { get; }
    public RunDriver Driver { get; }
    public RunSummary Summary => Driver.Summary;

    /// <summary>What became of the run's acceptance; done already for runs that were found in the journal.</summary>
    public Task<WriteOutcome> Accepted => _engine.Platform.Wait(_accepted.Task);

    /// <summary>The only writer is this process, which writes in the order in which turns are appended.</summary>
    public bool RunsAhead => true;

    /// <summary>Says what became of the acceptance.</summary>
    public void Accept(WriteOutcome outcome) => _accepted.SetResult(outcome);

    public void Append(RunDriver driver, RunState state, RunEvent[] events, Action<TurnOutcome>? completed)
    {
        var ends = state.Status.IsEnded();
        _engine.Journal.Append(new AppendEvents(Ref, events)
        {
            Agents = ends ? state.Agents : null,
            Reason = ends ? RunReason.Of(state) : null,
            Completed = completed is null ? null : outcome => completed(
                outcome == WriteOutcome.Durable ? TurnOutcome.Kept : TurnOutcome.Gone),
        });
    }

    public async ValueTask<RunState?> ReplayAsync(RunDriver driver)
    {
        var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _engine.Journal.Append(new Flush { Completed = _ => flushed.SetResult() });
        await _engine.Platform.Wait(flushed.Task).ConfigureAwait(false);
        return _engine.Reader.Find(Ref.Id) is { } row ? _engine.Reader.Replay(row) : null;
    }

    public void Close(RunDriver driver) => _engine.OnEnded(this);
}
