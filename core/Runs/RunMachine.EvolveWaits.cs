namespace AgentGrid.Core.Runs;

public static partial class RunMachine
{
    private static void Wait(RunState state, RunEvent.StepWaiting e)
    {
        var step = Begin(state[e.Step], e);
        Await(state, step, e.Deadline);
        Remind(state, step, e.Time + step.Step.Wait!.RemindAfter);
        state.Waits++;
        state.WaitingApprovals += step.Step.Wait!.Approval is null ? 0 : 1;
        if (state.Signals.Find(s => s.Step is null && s.Name == e.Signal) is { } early)
        {
            Take(step, early);
        }
    }

    private static void Receive(RunState state, RunEvent.SignalReceived e)
    {
        var signal = new ReceivedSignal(e.Signal, e.Data, e.By, e.Key, e.Time);
        state.Signals.Add(signal);
        if (e.Step is { } step)
        {
            Take(state[step], signal);
        }
    }

    private static void Take(StepState step, ReceivedSignal signal)
    {
        step.Received = signal;
        signal.Step = step.Id;
    }

    private static void Await(RunState state, StepState step, DateTimeOffset until)
    {
        step.WaitsUntil = until;
        state.AddTimer(RunTimer.ForWait(until, step.Index));
    }

    private static void Remind(RunState state, StepState step, DateTimeOffset? at)
    {
        step.RemindsAt = at;
        if (at is { } due)
        {
            state.AddTimer(RunTimer.ForReminder(due, step.Index));
        }
    }

    private static void EndWait(RunState state, StepState step)
    {
        step.RemindsAt = null;
        if (step.WaitsUntil is not null)
        {
            step.WaitsUntil = null;
            state.Waits--;
            state.WaitingApprovals -= step.Step.Wait!.Approval is null ? 0 : 1;
        }
    }

    // Nobody could be told anything while nobody was there, and no child went on.
    private static void ProlongWaits(RunState state, RunEvent.RunResumed e)
    {
        foreach (var step in state.Waits + state.OpenChildren > 0 && e.Until > e.Since ? state.Steps : [])
        {
            var down = e.Until!.Value - e.Since;
            if (step.WaitsUntil is { } until)
            {
                Await(state, step, until + down);
                Remind(state, step, step.RemindsAt + down);
            }
            foreach (var attempt in step.Step.Plan is null ? [] : step.Attempts)
            {
                if (attempt.Status == AttemptStatus.Running)
                {
                    attempt.Deadline += down;
                    state.AddTimer(RunTimer.ForAttempt(attempt.Deadline, step.Index, attempt.Number));
                }
            }
        }
    }

    // The clock of a run stands still while it does nothing but wait: its timeout is for its work.
    private static void KeepTime(RunState state, DateTimeOffset now)
    {
        if (state.OnlyWaits == state.PausedAt is not null)
        {
            return;
        }
        if (state.PausedAt is not { } since)
        {
            state.PausedAt = now;
            return;
        }
        state.PausedAt = null;
        if (state.Status == RunStatus.Running)
        {
            state.Deadline += now > since ? now - since : TimeSpan.Zero;
            state.AddTimer(RunTimer.ForRun(state.Deadline));
        }
    }
}
