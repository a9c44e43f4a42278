using System.Collections.Immutable;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

/// <summary>
/// The orchestrator, as a state machine without I/O, clock or threads. An engine feeds it inputs, keeps the events,
/// and does what the effects say.
/// </summary>
public static partial class RunMachine
{
    /// <summary>
    /// Decides what an input means, the only place where orchestration is decided. The events returned have been
    /// applied to <paramref name="state"/> already: an engine that cannot keep them must discard the state and
    /// replay.
    /// </summary>
    public static Decision Decide(
        RunState state, RunInput input, DateTimeOffset now, IRoutingView routing, RunLimits limits)
    {
        var turn = new Turn(state, now, state.Plan.CallsPlans ? new PlanRouting(routing) : routing, limits);
        var ignored = input switch
        {
            RunInput.StartRun i => turn.StartRun(i),
            RunInput.GrantSlot i => turn.GrantSlot(i),
            RunInput.ReportProgress i => turn.ReportProgress(i),
            RunInput.CompleteAttempt i => turn.CompleteAttempt(i),
            RunInput.FailAttempt i => turn.FailAttempt(i),
            RunInput.PassOnAttempt i => turn.PassOnAttempt(i),
            RunInput.RefuseHedge i => turn.RefuseHedge(i),
            RunInput.LoseAttempt i => turn.LoseAttempt(i),
            RunInput.ResumeRun i => turn.ResumeRun(i),
            RunInput.FireTimers => turn.FireTimers(),
            RunInput.CancelRun i => turn.CancelRun(i),
            RunInput.ReceiveSignal i => turn.ReceiveSignal(i),
            RunInput.RetryRun i => turn.RetryRun(i),
            RunInput.SkipSubmission => turn.SkipSubmission(),
            RunInput.SupersedeRun i => turn.SupersedeRun(i),
            RunInput.ReportStop i => turn.ReportStop(i),
            RunInput.ReportDelivery i => turn.ReportDelivery(i),
            _ => throw new ArgumentOutOfRangeException(nameof(input), input.GetType(), "unknown input"),
        };
        return new Decision(turn.Events, ignored);
    }

    /// <summary>What an engine has to do because of an event.</summary>
    public static Effect? EffectOf(RunEvent e) => e switch
    {
        RunEvent.RunAccepted { StartsAt: null } or RunEvent.RunDue or RunEvent.RunRetried => new Effect.AwaitTurn(),
        RunEvent.AttemptQueued x => new Effect.AwaitSlot(x.Step, x.Attempt),
        RunEvent.AttemptStarted x => new Effect.Invoke(x.Step, x.Attempt),
        RunEvent.AttemptSucceeded x => new Effect.Abandon(x.Step, x.Attempt),
        RunEvent.AttemptFailed x => new Effect.Abandon(x.Step, x.Attempt),
        RunEvent.AttemptCancelled x => new Effect.Abandon(x.Step, x.Attempt),
        RunEvent.RunCompleted or RunEvent.RunFailed or RunEvent.RunCancelled => new Effect.Finish(),
        _ => null,
    };

    /// <summary>What must be (re)started after a crash, for a state that was replayed.</summary>
    public static ImmutableArray<Effect> Resume(RunState state)
    {
        if (state.Status.IsEnded())
        {
            return [];
        }
        if (state.Status == RunStatus.Queued)
        {
            return [new Effect.AwaitTurn()];
        }
        var effects = ImmutableArray.CreateBuilder<Effect>();
        foreach (var step in state.Steps)
        {
            foreach (var attempt in step.Attempts)
            {
                if (attempt.Status == AttemptStatus.Queued)
                {
                    effects.Add(new Effect.AwaitSlot(step.Id, attempt.Number));
                }
                else if (attempt.Status == AttemptStatus.Running)
                {
                    effects.Add(new Effect.Reconcile(step.Id, attempt.Number));
                }
            }
        }
        return effects.ToImmutable();
    }
}

/// <summary>What an input led to.</summary>
/// <param name="Ignored">Why the input changed nothing, for the log; null when it was heeded.</param>
public readonly record struct Decision(IReadOnlyList<RunEvent> Events, string? Ignored);
