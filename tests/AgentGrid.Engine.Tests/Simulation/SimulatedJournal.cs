using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Registry;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>A run in the store, which others may write too.</summary>
internal sealed class SimulatedJournal(World world, SimulatedSilo silo, RunId run) : IRunJournal
{
    private readonly SimulatedStore _store = silo.Cluster.Store;

    public bool RunsAhead => false;

    public void Admit(RunDriver driver, RunState state, RunEvent[] events, Action<AdmitOutcome> completed)
    {
        if (events is [RunEvent.RunAccepted accepted])
        {
            Accept(state.Plan, accepted, completed);
            return;
        }
        var version = state.Version;
        Append(driver, state, events, outcome => completed(outcome switch
        {
            TurnOutcome.Kept => AdmitOutcome.Kept.Instance,
            // It has been kept, and the answer was lost on the way. A retry by somebody else was at another time.
            TurnOutcome.Conflict when _store[run] is var kept && kept.Version == version && !kept.Status.IsEnded()
                && (kept.QueuedAt == state.QueuedAt || world.Mistake == Mistake.TakesRetriesOfOthers) =>
                AdmitOutcome.Kept.Instance,
            TurnOutcome.Conflict => AdmitOutcome.Conflict.Instance,
            _ => new AdmitOutcome.Failed(new TimeoutException("simulated")),
        }));
    }

    public void Append(RunDriver driver, RunState state, RunEvent[] events, Action<TurnOutcome>? completed)
    {
        var version = state.Version - events.Length;
        var (answered, isKept) = (false, false);
        void Tell(TurnOutcome outcome)
        {
            if (!answered)
            {
                answered = true;
                completed!(outcome);
            }
        }
        void Try()
        {
            if (driver.IsStopping)
            {
                Tell(TurnOutcome.Failed);
                return;
            }
            silo.Send($"a turn of {SimulatedStore.Short(run)}", _store, Keep, Again);
            if (world.Errs(Mistake.AnswersBeforeItIsKept))
            {
                Tell(TurnOutcome.Kept);
            }
        }
        void Keep()
        {
            if (isKept && world.Mistake == Mistake.WritesTurnsTwice)
            {
                _store.Keep(run, events);
            }
            var outcome = _store.Append(run, version, events);
            isKept |= outcome == TurnOutcome.Kept;
            silo.Answer(
                $"a turn of {SimulatedStore.Short(run)} is {outcome}",
                () => Tell(world.Mistake == Mistake.TakesConflictsForKept ? TurnOutcome.Kept : outcome),
                world.Mistake == Mistake.GivesUpTurns ? null : Again);
        }
        void Again()
        {
            if (!answered)
            {
                Try();
            }
        }
        Try();
    }

    public ValueTask<RunState?> ReplayAsync(RunDriver driver) =>
        silo.ReadAsync(SimulatedStore.Short(run), () => _store.Replay(run));

    public void Close(RunDriver driver)
    {
    }

    // Whoever gets no answer gives up: the run may have been accepted or not.
    private void Accept(Plan plan, RunEvent.RunAccepted accepted, Action<AdmitOutcome> completed)
    {
        var answered = false;
        void Tell(AdmitOutcome outcome)
        {
            if (!answered)
            {
                answered = true;
                completed(outcome);
            }
        }
        void GiveUp() => Tell(new AdmitOutcome.Failed(new TimeoutException("simulated")));
        void Try() => silo.Send($"{SimulatedStore.Short(run)} is to be accepted", _store, () =>
        {
            var outcome = _store.Accept(plan, accepted) ? AdmitOutcome.Kept.Instance : (AdmitOutcome)AdmitOutcome.Conflict.Instance;
            silo.Answer(
                $"{SimulatedStore.Short(run)} is accepted: {outcome.GetType().Name}", () => Tell(outcome),
                world.Chance(50) ? GiveUp : Try);
        }, Try);
        Try();
        if (world.Errs(Mistake.AcceptsBeforeItIsKept))
        {
            Tell(AdmitOutcome.Kept.Instance);
        }
    }
}
