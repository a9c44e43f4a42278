using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>A run in the store, which others may write too.</summary>
internal sealed class SimulatedJournal(World world, SimulatedSilo silo, RunId run) : IRunJournal
{
    private readonly SimulatedStore _store = silo.Cluster.Store;

    public bool RunsAhead => false;

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

    public ValueTask<RunState?> ReplayAsync(RunDriver driver)
    {
        var read = new TaskCompletionSource<RunState?>();
        void Try() => silo.Send($"{SimulatedStore.Short(run)} is read", _store, () =>
        {
            var state = _store.Replay(run);
            silo.Answer($"{SimulatedStore.Short(run)} as it is kept", () => read.TrySetResult(state), Try);
        }, Try);
        Try();
        return new ValueTask<RunState?>(read.Task);
    }

    public void Close(RunDriver driver) => silo.Forget(driver);
}
