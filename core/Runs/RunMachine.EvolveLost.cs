namespace AgentGrid.Core.Runs;

public static partial class RunMachine
{
    private static void Lose(RunState state, RunEvent.AttemptLost e)
    {
        var step = state[e.Step];
        var attempt = step.Attempts[e.Attempt - 1];
        AttemptLife.Move(step, attempt, AttemptMove.Lose);
        attempt.Losses++;
        attempt.Node = null;
        if (e.WasStopped != true)
        {
            (attempt.Crashes, attempt.LongestRun) = Isolation.Crash(attempt, TimeRun(state, attempt, e.Time));
        }
        ForgetHedge(step, step.Branches[attempt.Branch]);
    }

    // Until its node died, which is noticed later; much later, when nobody was there.
    private static TimeSpan TimeRun(RunState state, AttemptState attempt, DateTimeOffset noticed)
    {
        var started = attempt.StartedAt!.Value;
        var died = state.DownSince is { } since && started < state.ResumedAt ? since : noticed;
        return died > started ? died - started : TimeSpan.Zero;
    }
}
