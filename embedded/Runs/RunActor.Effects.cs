using AgentGrid.Core.Runs;
using AgentGrid.Runtime.Slots;

namespace AgentGrid.Embedded.Runs;

internal sealed partial class RunActor
{
    private void Interpret(Effect effect)
    {
        switch (effect)
        {
            case Effect.AwaitTurn: AwaitTurn(); break;
            case Effect.AwaitSlot e: AwaitSlot(e.Step, e.Attempt); break;
            case Effect.Invoke e: Invoke(e.Step, e.Attempt); break;
            case Effect.Abandon e: Abandon(e.Attempt); break;
            case Effect.Reconcile e: Reconcile(e.Step, e.Attempt); break;
            case Effect.Finish: _engine.Admission.Leave(this); break;
            default: throw new ArgumentOutOfRangeException(nameof(effect), effect.GetType(), "unknown effect");
        }
    }

    private void AwaitTurn() => _engine.Admission.Enter(this);

    private void AwaitSlot(StepState step, AttemptState attempt)
    {
        var request = new SlotRequest(
            attempt.Agent, _state.Priority, _state.Deadline, new Waiter(this, step.Id, attempt), Tenant)
        {
            LongestPath = _state.Plan.LongestPaths[step.Index],
        };
        attempt.EngineHandle = request;
        _engine.Slots.Wait(request);
    }

    // A run that was resumed asks nobody before the disk has what is about to happen. Otherwise an agent that takes the
    // process down at once would do so for ever: no crash would leave a trace that is counted.
    private void Invoke(StepState step, AttemptState attempt)
    {
        var slot = SlotOf(step, attempt);
        if (_resumed)
        {
            var held = new HeldInvocation(step, attempt, slot);
            attempt.EngineHandle = held;
            (_turnInvocations ??= []).Add(held);
        }
        else
        {
            InvokeNow(step, attempt, slot);
        }
        HandOver(slot);
    }

    // The one that it was granted, or else the one that this turn has taken for it.
    private TakenSlot SlotOf(StepState step, AttemptState attempt) =>
        attempt.EngineHandle is SlotRequest request
            ? request.Granted!
            : _turnSlots.Find(s => s.Attempt == attempt.Number && s.Step == step.Id).Slot;

    private void InvokeHeld(List<HeldInvocation> invocations)
    {
        foreach (var held in invocations)
        {
            if (held.Attempt.EngineHandle == held && !_engine.Stopping.IsCancellationRequested)
            {
                InvokeNow(held.Step, held.Attempt, held.Slot);
            }
        }
    }

    private void InvokeNow(StepState step, AttemptState attempt, TakenSlot slot)
    {
        var invocation = new Invocation(_engine, this, _trace, _state, step, attempt, slot);
        attempt.EngineHandle = invocation;
        _engine.Platform.Queue(invocation, preferLocal: true);
    }

    private void Abandon(AttemptState attempt)
    {
        switch (attempt.EngineHandle)
        {
            case SlotRequest request:
                if (!_engine.Slots.Withdraw(request))
                {
                    _engine.Slots.Release(request.Granted!);
                }
                break;
            case HeldInvocation held:
                _engine.Slots.Release(held.Slot);
                break;
            case Invocation invocation:
                invocation.Abandon(_trace?.LastSuccess ?? default);
                break;
            default:
                break; // a run that was replayed: nothing runs for this attempt in this process
        }
        attempt.EngineHandle = null;
    }

    // This engine's only node is its process: what ran before a restart does not run any more.
    private void Reconcile(StepState step, AttemptState attempt) =>
        Post(new RunInput.LoseAttempt(step.Id, attempt.Number, "the process was restarted"));

    /// <summary>Has its slot, and waits for the disk.</summary>
    private sealed class HeldInvocation(StepState step, AttemptState attempt, TakenSlot slot)
    {
        public StepState Step { get; } = step;
        public AttemptState Attempt { get; } = attempt;
        public TakenSlot Slot { get; } = slot;
    }

    private sealed class Waiter(RunActor actor, string step, AttemptState attempt) : ISlotWaiter
    {
        /// <summary>
        /// The attempt still has the request that this is about. What is told after a turn that broke can be about one
        /// that was given up.
        /// </summary>
        public bool IsHeard => attempt.EngineHandle is SlotRequest request && request.Waiter == this;

        // This engine has one node: there is no choice to explain.
        public void OnGranted(TakenSlot slot) => Post(new RunInput.GrantSlot(step, attempt.Number, slot.Node));

        public void OnAgentGone() => Post(new RunInput.FailAttempt(step, attempt.Number, new RunError(
            ErrorKind.Routing, ErrorCodes.NoAgent,
            $"The agent of attempt {attempt.Number} of step '{step}' of run '{actor.Ref.Key}' was removed or " +
            "disabled while the attempt waited for a slot.", Retryable: false)));

        private void Post(RunInput input) => actor.Post(new Letter(input, null, null, From: this));
    }
}
