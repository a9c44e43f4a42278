using System.Text.Json;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

public static partial class RunMachine
{
    /// <summary>One decision in the making: it applies each event as it emits it, so that the next sees it.</summary>
    private sealed partial class Turn(
        RunState state, DateTimeOffset now, IRoutingView routing, RunLimits limits)
    {
        private static readonly TimeSpan s_shortestDown = TimeSpan.FromSeconds(1);

        // Steps whose needs are met, to be started: where slots are few, those with the longest path before them first.
        // A queue, not recursion: a chain of 10,000 skips is a loop.
        private PriorityQueue<StepState, (double, int)>? _ready;

        public List<RunEvent> Events { get; } = [];

        public string? StartRun(RunInput.StartRun input)
        {
            if (state.Status != RunStatus.Queued)
            {
                return $"the run is {state.Status}, so it cannot start";
            }
            if (input.Since is { } since && since != state.QueuedAt)
            {
                return "it was told to start before it was retried";
            }
            Emit(new RunEvent.RunStarted(now + state.Plan.Settings.Timeout) { Time = now });
            foreach (var step in state.Steps)
            {
                if (step.Status == StepStatus.Pending && step.UnmetNeeds == 0)
                {
                    Ready(step);
                }
            }
            return Advance();
        }

        // That nobody was there is nobody's time. What is too short to be told from a pause is not worth an event.
        public string? ResumeRun(RunInput.ResumeRun input)
        {
            if (state.Status != RunStatus.Running)
            {
                return $"the run is {state.Status}, so no time of it has passed";
            }
            var since = input.Since > state.LastStartedAt ? input.Since : state.LastStartedAt!.Value;
            if (input.Until - since < s_shortestDown || since <= state.DownSince)
            {
                return "the run was driven all the time, or goes on already";
            }
            // Of one that only waits, no time has passed in any case.
            var deadline = state.PausedAt is null ? state.Deadline + (input.Until - since) : state.Deadline;
            Emit(new RunEvent.RunResumed(since, deadline, input.Until) { Time = now });
            return null;
        }

        public string? FireTimers()
        {
            while (state.TryTakeDue(now, out var timer))
            {
                if (state.Status == RunStatus.Scheduled)
                {
                    Emit(new RunEvent.RunDue { Time = now });
                }
                else if (timer.Step < 0)
                {
                    FailRun(new RunError(
                        ErrorKind.Timeout, ErrorCodes.RunTimeout,
                        $"Run '{state.Key}' did not end within {DurationOf(state.Plan.Settings.Timeout)}, " +
                        "the timeout of its plan."));
                }
                else if (timer.Attempt == RunTimer.Hedge)
                {
                    StartBackupOfItem(state.Steps[timer.Step], state.Steps[timer.Step].Branches[timer.Branch]);
                }
                else if (timer.Attempt == RunTimer.Reminder)
                {
                    var step = state.Steps[timer.Step];
                    Emit(new RunEvent.StepReminded(step.Id, step.Step.Wait!.Signal) { Time = now });
                }
                else if (timer.Attempt == RunTimer.Wait)
                {
                    TimeOutWait(state.Steps[timer.Step]);
                }
                else if (timer.Attempt > 0)
                {
                    TimeOut(state.Steps[timer.Step], timer.Attempt);
                }
                else
                {
                    StartWhatIsDue(state.Steps[timer.Step], state.Steps[timer.Step].Branches[timer.Branch]);
                }
            }
            return Advance();
        }

        public string? CancelRun(RunInput.CancelRun input)
        {
            if (state.Status.IsEnded())
            {
                return $"the run is {state.Status} already";
            }
            CancelAttempts(input.Reason);
            Emit(new RunEvent.RunCancelled(input.Reason) { Time = now });
            return null;
        }

        // That the key is given up is kept before another run takes it, so that a crash between the two leaves the key to whoever posts
        // again, and never two runs that go on under it.
        public string? SupersedeRun(RunInput.SupersedeRun input)
        {
            if (state.SupersededBy is { } other)
            {
                return $"the run is superseded by {other} already";
            }
            Emit(new RunEvent.RunSuperseded(input.By) { Time = now });
            return state.Status.IsEnded() ? null : CancelRun(new RunInput.CancelRun($"superseded by run {input.By}"));
        }

        public string? RetryRun(RunInput.RetryRun input)
        {
            if (state.SupersededBy is { } other)
            {
                return $"the run is superseded by {other}";
            }
            if (input.FromStep is { } step && !state.Plan.TryIndexOf(step, out _))
            {
                return $"there is no step '{step}'";
            }
            var retryable = input.FromStep is null
                ? state.Status is RunStatus.Failed or RunStatus.Cancelled
                : state.Status.IsEnded();
            if (!retryable)
            {
                return $"the run is {state.Status}; only failed and cancelled runs are retried, and ended ones from a step";
            }
            var scope = RetryScope.Of(state, input.FromStep);
            Emit(new RunEvent.RunRetried(input.FromStep, scope.Anew, scope.Partly) { Time = now });
            return null;
        }

        // Once: a client that posts again and again is no news, and must not fill the disk.
        public string? SkipSubmission()
        {
            if (state.WasPostedAgain)
            {
                return "that it was posted again is known";
            }
            Emit(new RunEvent.SubmissionSkipped { Time = now });
            return null;
        }

        private void Emit(RunEvent e)
        {
            Evolve(state, e);
            Events.Add(e);
        }

        // Starts whatever has become ready, and ends the run when nothing is left to do.
        private string? Advance()
        {
            while (state.Status == RunStatus.Running && _ready is not null && _ready.TryDequeue(out var step, out _))
            {
                StartStep(step);
            }
            if (state.Status == RunStatus.Running && state.OpenSteps == 0)
            {
                Emit(new RunEvent.RunCompleted(RunResult.Of(state)) { Time = now });
            }
            return null;
        }

        private void FailRun(RunError error)
        {
            CancelAttempts("the run failed");
            Emit(new RunEvent.RunFailed(error) { Time = now });
        }

        private void CancelAttempts(string reason)
        {
            foreach (var step in state.Steps)
            {
                if (step.Status == StepStatus.Running)
                {
                    CancelAttempts(step, reason);
                }
            }
        }

        private void CancelAttempts(StepState step, string reason)
        {
            foreach (var attempt in step.Attempts)
            {
                if (attempt.Status.IsOpen())
                {
                    Emit(new RunEvent.AttemptCancelled(step.Id, attempt.Number, attempt.Agent, reason) { Time = now });
                }
            }
        }

        private void MarkReady(StepState ended)
        {
            foreach (var dependant in state.Plan.Dependants[ended.Index])
            {
                var step = state.Steps[dependant];
                if (step.UnmetNeeds == 0 && step.Status == StepStatus.Pending)
                {
                    Ready(step);
                }
            }
        }

        private void Ready(StepState step) =>
            (_ready ??= new()).Enqueue(step, (-(routing.UrgencyOf(step.Index)?.Rank ?? state.Plan.LongestPaths[step.Index]), step.Index));

        private static string DurationOf(TimeSpan time) => $"{time.TotalSeconds:0.###} s";
    }
}
