using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

public static partial class RunMachine
{
    private sealed partial class Turn
    {
        public string? ReceiveSignal(RunInput.ReceiveSignal input)
        {
            if (SignalCheck.Of(state, input) is { Outcome: not SignalOutcome.Heeded } verdict)
            {
                return verdict.Message;
            }
            var step = state.Steps
                .Where(s => s.WaitsUntil is not null && s.Received is null && s.Step.Wait!.Signal == input.Name)
                .MinBy(static s => (s.StartedAt, s.Index));
            Emit(new RunEvent.SignalReceived(input.Name, input.Data, input.By, input.Key, step?.Id) { Time = now });
            if (step is null)
            {
                return null; // it is kept for the step that will wait for it
            }
            EndWait(step);
            return Advance();
        }

        private void StartWait(StepState step, StepWait wait)
        {
            Emit(new RunEvent.StepWaiting(step.Id, wait.Signal, now + wait.Timeout) { Time = now });
            if (step.Received is not null)
            {
                EndWait(step);
            }
        }

        private void EndWait(StepState step)
        {
            if (step.Step.Wait!.Approval is not null && ApprovalDecision.Of(step.Received!.Data) is { Approved: false } decision)
            {
                FailStep(step, new RunError(
                    ErrorKind.Error, ErrorCodes.Rejected,
                    $"Step '{step.Id}' of run '{state.Key}' was rejected by {(step.Received.By is { } by ? $"'{by}'" : "somebody")}" +
                    (decision.Comment is { } comment ? $": {comment}" : "."), Retryable: false));
                return;
            }
            CompleteWait(step);
        }

        private void CompleteWait(StepState step)
        {
            Emit(new RunEvent.StepCompleted(step.Id, []) { Time = now });
            MarkReady(step);
        }

        private void TimeOutWait(StepState step)
        {
            var wait = step.Step.Wait!;
            var what = wait.Approval is null
                ? $"the signal '{wait.Signal}' has not arrived within {DurationOf(wait.Timeout)}"
                : $"nobody has decided within {DurationOf(wait.Timeout)}";
            switch (wait.OnTimeout)
            {
                case OnTimeout.Skip: SkipStep(step, what); break;
                case OnTimeout.Default: CompleteWait(step); break;
                default:
                    FailStep(step, new RunError(
                        ErrorKind.Timeout, ErrorCodes.WaitTimeout, $"Step '{step.Id}' of run '{state.Key}': {what}.",
                        Retryable: false));
                    break;
            }
        }
    }
}
