using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

public static partial class RunMachine
{
    /// <summary>Applies an event, the only way in which a state changes; a replay is a fold of this.</summary>
    /// <returns>The same state, for folding.</returns>
    public static RunState Evolve(RunState state, RunEvent e)
    {
        if (state.Version == 0 && e is not RunEvent.RunAccepted)
        {
            throw new InvalidOperationException($"A run begins with run.accepted; its journal begins with {e}.");
        }
        switch (e)
        {
            case RunEvent.RunAccepted x: Accept(state, x); break;
            case RunEvent.RunDue: AwaitTurn(state, e); break;
            case RunEvent.RunStarted x: Start(state, x); break;
            case RunEvent.RunResumed x: Resume(state, x); break;
            case RunEvent.StepFannedOut x: FanOut(state, x); break;
            case RunEvent.AttemptQueued x: Queue(state, x); break;
            case RunEvent.AttemptStarted x: Start(state, x); break;
            case RunEvent.AttemptProgressed x: Progress(state, x); break;
            case RunEvent.AttemptSucceeded x: Succeed(state, x); break;
            case RunEvent.AttemptFailed x: Fail(state, x); break;
            case RunEvent.AttemptLost x: Lose(state, x); break;
            case RunEvent.AttemptCancelled x: Cancel(state, x); break;
            case RunEvent.AttemptStopped x: Stop(state, x); break;
            case RunEvent.StepWaiting x: Wait(state, x); break;
            case RunEvent.StepReminded x: state[x.Step].RemindsAt = null; break;
            case RunEvent.SignalReceived x: Receive(state, x); break;
            case RunEvent.StepCompleted x: Complete(state, x); break;
            case RunEvent.StepFailed x: Fail(state, x); break;
            case RunEvent.StepSkipped x: Skip(state, x); break;
            case RunEvent.SubmissionSkipped: state.WasPostedAgain = true; break;
            case RunEvent.RunSuperseded x: state.SupersededBy = x.By; break;
            case RunEvent.RunCompleted x: End(state, x, RunStatus.Completed).Result = x.Result; break;
            case RunEvent.RunFailed x: End(state, x, RunStatus.Failed).Error = x.Error; break;
            case RunEvent.RunCancelled x: End(state, x, RunStatus.Cancelled).CancelReason = x.Reason; break;
            case RunEvent.RunRetried x: Reopen(state, x); break;
            case RunEvent.WebhookDelivered x: Deliver(state, x.Delivery, null, null); break;
            case RunEvent.WebhookFailed x: Deliver(state, x.Delivery, x.Error, x.NextTryAt); break;
            default: throw new ArgumentOutOfRangeException(nameof(e), e.GetType(), "unknown event");
        }
        KeepTime(state, e.Time);
        Announce(state, e);
        state.Version++;
        return state;
    }

    private static void Accept(RunState state, RunEvent.RunAccepted e)
    {
        state.Id = e.RunId;
        state.Key = e.Key;
        state.Input = e.Input;
        state.Seed = e.Seed;
        state.Priority = e.Priority;
        state.Tenant = e.Tenant;
        state.Parent = e.Parent;
        state.TraceParent = e.TraceParent;
        (state.Labels, state.Group, state.QueuedAt) = (e.Labels, e.Group, e.QueuedAt);
        (state.Supersedes, state.Generation) = (e.Supersedes, e.Generation ?? 1);
        state.Inline = e.Inline;
        state.ByDefault = e.ByDefault;
        state.AcceptedAt = e.Time;
        state.Webhooks = state.Plan.Settings.Webhooks.AddRange(e.Webhooks ?? []);
        if (e.StartsAt is { } due)
        {
            state.StartsAt = due;
            state.Status = RunStatus.Scheduled;
            state.AddTimer(RunTimer.ForRun(due));
        }
    }

    // Always later than before, whatever clock that was: by it is known which of two calls is about the run as it is now.
    private static void AwaitTurn(RunState state, RunEvent e) => (state.Status, state.QueuedAt) = (
        RunStatus.Queued, e.Time > state.QueuedAt ? e.Time : state.QueuedAt.AddTicks(1));

    private static void Start(RunState state, RunEvent.RunStarted e)
    {
        state.Status = RunStatus.Running;
        state.StartedAt ??= e.Time;
        state.LastStartedAt = e.Time;
        state.Deadline = e.Deadline;
        state.AddTimer(RunTimer.ForRun(e.Deadline));
    }

    private static void Resume(RunState state, RunEvent.RunResumed e)
    {
        state.ResumedAt = e.Time;
        state.DownSince = e.Since;
        state.Deadline = e.Deadline;
        state.AddTimer(RunTimer.ForRun(e.Deadline));
        ProlongWaits(state, e);
    }

    private static void FanOut(RunState state, RunEvent.StepFannedOut e)
    {
        var step = Begin(state[e.Step], e);
        step.Required = e.Required;
        for (var i = 0; i < e.Branches; i++)
        {
            step.Branches.Add(new BranchState(i) { Agent = e.Agents.IsDefaultOrEmpty ? null : e.Agents[i] });
        }
        foreach (var kept in step.Kept)
        {
            Keep(step, kept);
        }
        if (e.Mode == StepMode.Race && step.Step.Hedge is null)
        {
            for (var i = 1; i < e.Branches; i++)
            {
                var due = e.Time + (i * step.Step.HedgeAfter);
                step.Branches[i].Due = due;
                state.AddTimer(RunTimer.ForBranch(due, step.Index, i));
            }
        }
    }

    // A branch is an item's, or else an agent's.
    private static void Keep(StepState step, AttemptState kept)
    {
        var branch = step.Step.Mode == StepMode.All
            ? step.Branches.Find(b => b.Agent == kept.Agent)
            : step.Branches.ElementAtOrDefault(kept.Branch);
        if (branch is not null)
        {
            kept.Branch = branch.Index;
            branch.Status = BranchStatus.Succeeded;
            step.SucceededBranches++;
        }
    }

    private static StepState Begin(StepState step, RunEvent e)
    {
        if (step.Status == StepStatus.Pending)
        {
            step.Status = StepStatus.Running;
            step.StartedAt = e.Time;
            step.EndedAt = null;
        }
        return step;
    }

    private static void Queue(RunState state, RunEvent.AttemptQueued e)
    {
        var attempt = Attempt(state, e, e.Step, e.Branch, e.Attempt, e.Agent, e.IsHedge);
        AttemptLife.Move(state[e.Step], attempt, AttemptMove.Queue);
        attempt.Decision = e.Decision;
        attempt.IsHedge |= e.IsHedge;
        CountWaiting(state, attempt, waits: true);
    }

    private static void Start(RunState state, RunEvent.AttemptStarted e)
    {
        var attempt = Attempt(state, e, e.Step, e.Branch, e.Attempt, e.Agent);
        AttemptLife.Move(state[e.Step], attempt, AttemptMove.Start);
        attempt.Node = e.Node.Length == 0 ? null : e.Node;
        attempt.StartedAt = e.Time;
        attempt.Deadline = e.Deadline;
        attempt.Decision = e.Decision ?? attempt.Decision;
        attempt.Placement = e.Placement;
        (attempt.AgentVersion, attempt.AgentHash) = (e.AgentVersion, e.AgentHash);
        CountWaiting(state, attempt, waits: false);
        state.AddTimer(RunTimer.ForAttempt(e.Deadline, state.Plan.IndexOf(e.Step), e.Attempt));
        if (e.Hedge is { } hedge)
        {
            AwaitHedge(state, state[e.Step], attempt, hedge);
        }
    }

    // The first event that names an attempt makes it, and in mode one also makes the step's only branch.
    private static AttemptState Attempt(
        RunState state, RunEvent e, string stepId, int branchIndex, int number, string agent, bool isHedge = false)
    {
        var step = Begin(state[stepId], e);
        if (number <= step.Attempts.Count)
        {
            return step.Attempts[number - 1];
        }
        if (step.Branches.Count == 0)
        {
            step.Branches.Add(new BranchState(0));
            step.Required = 1;
        }
        var branch = step.Branches[branchIndex];
        var isBeside = isHedge && step.Step.HasHedgedItems;
        if (!isBeside)
        {
            Open(state, branch, agent);
        }
        branch.AllTries++;
        var attempt = new AttemptState(number, branchIndex, agent) { QueuedAt = e.Time, Try = branch.AllTries };
        if (step.Step.HasHedgedItems)
        {
            AddToItem(branch, attempt, isBeside);
        }
        if (branch.Lost is { } lost)
        {
            (attempt.Crashes, attempt.LongestRun) = (Isolation.MostInCompany, lost.LongestRun);
        }
        step.Attempts.Add(attempt);
        state.OpenAttempts++;
        state.OpenChildren += PlanCalls.Is(agent) ? 1 : 0;
        state.Agents = state.Agents.With(agent);
        return attempt;
    }

    private static void Open(RunState state, BranchState branch, string agent)
    {
        branch.Status = BranchStatus.Open;
        state.RetryingBranches -= IsRetrying(branch) ? 1 : 0;
        branch.Due = null;
        branch.Tries = branch.Asked.Count > 0 && branch.Asked[^1] == agent ? branch.Tries + 1 : 1;
        if (branch.Tries == 1)
        {
            branch.Asked.Add(agent);
        }
    }

    private static void Progress(RunState state, RunEvent.AttemptProgressed e)
    {
        var step = state[e.Step];
        var attempt = step.Attempts[e.Attempt - 1];
        AttemptLife.Move(step, attempt, AttemptMove.Progress);
        attempt.Progress = e.Fraction;
        attempt.ProgressMessage = e.Message;
    }

    private static void Succeed(RunState state, RunEvent.AttemptSucceeded e)
    {
        var step = state[e.Step];
        var attempt = EndAttempt(state, step, e.Attempt, AttemptMove.Succeed, e);
        (attempt.Output, attempt.Tokens) = (e.Output, e.Tokens);
        var branch = step.Branches[attempt.Branch];
        branch.Status = BranchStatus.Succeeded;
        // Where a backup has, the one that it was asked beside may wait to try again.
        state.RetryingBranches -= IsRetrying(branch) ? 1 : 0;
        (branch.Due, branch.HedgeAt) = (null, null);
        step.SucceededBranches++;
        step.BranchOutputBytes += e.Output.Length;
    }

    private static void Fail(RunState state, RunEvent.AttemptFailed e)
    {
        var step = state[e.Step];
        var move = e.Error.Kind == ErrorKind.Timeout ? AttemptMove.TimeOut : AttemptMove.Fail;
        var attempt = EndAttempt(state, step, e.Attempt, move, e);
        (attempt.Error, attempt.Tokens) = (e.Error, e.Tokens);
        step.Details += e.Error.Detail is null ? 0 : 1;
        attempt.RetryAt = e.RetryAt;
        var branch = step.Branches[attempt.Branch];
        branch.Status = e.GivesUp ? BranchStatus.Failed
            : IsBackupOfItem(step, attempt) ? branch.Status
            : BranchStatus.Waiting;
        branch.Lost = e.Error.Kind == ErrorKind.Lost ? attempt : branch.Lost;
        if (e.GivesUp)
        {
            step.FailedBranches++;
        }
        if (e.RetryAt is { } due)
        {
            branch.Due = due;
            state.RetryingBranches++;
            state.AddTimer(RunTimer.ForBranch(due, step.Index, branch.Index));
        }
        ForgetHedge(step, branch);
    }

    private static bool IsRetrying(BranchState branch) => branch.Due is not null && branch.AllTries > 0;

    private static void CountWaiting(RunState state, AttemptState attempt, bool waits)
    {
        if (attempt.Waits != waits)
        {
            attempt.Waits = waits;
            state.WaitingAttempts += waits ? 1 : -1;
        }
    }

    private static void Cancel(RunState state, RunEvent.AttemptCancelled e)
    {
        var step = state[e.Step];
        var attempt = EndAttempt(state, step, e.Attempt, AttemptMove.Cancel, e);
        attempt.CancelReason = e.Reason;
        if (step.Step.Hedge is not null && attempt.StartedAt is not null)
        {
            attempt.Receipt = new StopReceipt(e.Time, StopState.Asked);
        }
        // Whoever has never had a slot for it has not been asked, and can be yet.
        var branch = step.Branches[attempt.Branch];
        if (IsBackupOfItem(step, attempt))
        {
            CancelBackup(branch, attempt, e);
        }
        else if (attempt.StartedAt is null && branch.Tries == 1 && branch.Asked[^1] == attempt.Agent)
        {
            branch.Asked.RemoveAt(branch.Asked.Count - 1);
            branch.AllTries--;
            branch.Tries = 0;
            attempt.IsRefusedHedge = e.IsRefusedHedge;
            branch.Status = e.IsRefusedHedge ? BranchStatus.Waiting : branch.Status;
        }
        ForgetHedge(step, branch);
    }

    private static AttemptState EndAttempt(
        RunState state, StepState step, int number, AttemptMove move, RunEvent e)
    {
        var attempt = step.Attempts[number - 1];
        AttemptLife.Move(step, attempt, move);
        CountWaiting(state, attempt, waits: false);
        state.OpenAttempts--;
        state.OpenChildren -= PlanCalls.Is(attempt.Agent) ? 1 : 0;
        attempt.EndedAt = e.Time;
        return attempt;
    }

    private static void Complete(RunState state, RunEvent.StepCompleted e)
    {
        var step = EndStep(state, Begin(state[e.Step], e), StepStatus.Completed, e);
        step.Output = StepOutput.Of(step, e.Winners);
    }

    private static void Fail(RunState state, RunEvent.StepFailed e) =>
        EndStep(state, Begin(state[e.Step], e), StepStatus.Failed, e).Error = e.Error;

    private static void Skip(RunState state, RunEvent.StepSkipped e) =>
        EndStep(state, state[e.Step], StepStatus.Skipped, e).SkipReason = e.Reason;

    private static StepState EndStep(RunState state, StepState step, StepStatus status, RunEvent e)
    {
        step.Status = status;
        step.EndedAt = e.Time;
        state.OpenSteps--;
        EndWait(state, step);
        foreach (var branch in step.Branches)
        {
            state.RetryingBranches -= IsRetrying(branch) ? 1 : 0;
            (branch.Due, branch.HedgeAt) = (null, null);
        }
        foreach (var dependant in state.Plan.Dependants[step.Index])
        {
            state.Steps[dependant].UnmetNeeds--;
        }
        return step;
    }

    private static RunState End(RunState state, RunEvent e, RunStatus status)
    {
        state.Status = status;
        state.EndedAt = e.Time;
        foreach (var step in state.Steps)
        {
            if (step.Status == StepStatus.Running)
            {
                step.Status = StepStatus.Cancelled;
                step.EndedAt = e.Time;
                EndWait(state, step);
            }
        }
        state.RetryingBranches = 0;
        return state;
    }

    // Those that the step's output is made of when it is completed.
    private static List<AttemptState> CountedSuccesses(StepState step)
    {
        var counted = new List<AttemptState>(Math.Max(1, step.SucceededBranches));
        counted.AddRange(step.Kept);
        for (var i = step.AttemptsBeforeRetry; i < step.Attempts.Count; i++)
        {
            if (step.Attempts[i].Status == AttemptStatus.Succeeded)
            {
                counted.Add(step.Attempts[i]);
            }
        }
        return counted;
    }
}
