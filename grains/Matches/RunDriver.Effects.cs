using AgentGrid.Core.Runs;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.GrainInterfaces.Dispatch;

namespace AgentGrid.Grains.Matches;

internal sealed partial class RunDriver
{
    private void Interpret(Effect effect)
    {
        switch (effect)
        {
            case Effect.AwaitTurn: _ = AwaitTurnAsync(); break;
            case Effect.AwaitSlot e: AwaitSlot(e.Step, e.Attempt); break;
            case Effect.Invoke e: Prepare(e.Step, e.Attempt); break;
            case Effect.Abandon e: Abandon(e.Attempt); break;
            case Effect.Reconcile e: Reconcile(e.Step, e.Attempt); break;
            case Effect.Finish: break; // the place is given back when the end is durable
            default: throw new ArgumentOutOfRangeException(nameof(effect), effect.GetType(), "unknown effect");
        }
    }

    // One delivery of an attempt has one slot, whoever asks for it: what was asked twice is granted once.
    private string SlotOf(StepState step, AttemptState attempt) =>
        $"{Id.Value}/{step.Id}/{attempt.Number}#{attempt.Losses}";

    private async Task AwaitTurnAsync()
    {
        var request = new PlaceRequest(Id.Value, _state.Priority, _state.Tenant);
        while (!_stopped && _state.Status == RunStatus.Queued)
        {
            try
            {
                if (await _services.Dispatcher.EnterRunAsync(request))
                {
                    if (_stopped && _state.Status.IsEnded())
                    {
                        // It may have been asked for after it was given back: calls overtake each other.
                        await LeavePlaceAsync();
                        return;
                    }
                    Post(RunInput.StartRun.Instance);
                    return;
                }
            }
            catch (Exception e) when (Transient.Is(e))
            {
                LogDispatcher(_services.Logger, e, Key);
                await Task.Delay(Pause, _services.Time);
            }
        }
    }

    private async Task LeavePlaceAsync()
    {
        try
        {
            await _services.Dispatcher.LeaveRunAsync(Id.Value);
        }
        catch (Exception e) when (Transient.Is(e))
        {
            // The dispatcher compares its places with the run log, and will find out.
            LogDispatcher(_services.Logger, e, Key);
        }
    }

    private void AwaitSlot(StepState step, AttemptState attempt)
    {
        var request = new SlotRequest
        {
            Slot = SlotOf(step, attempt),
            Agent = attempt.Agent,
            Priority = _state.Priority,
            Deadline = _state.Deadline,
            Tenant = _state.Tenant,
            LongestPath = _state.Plan.LongestPaths[step.Index],
            Near = NearOf(step),
            Gone = attempt.Losses > 0 ? _lastGone : null,
            Driver = _services.Node.Address,
        };
        var handle = new SlotHandle(request.Slot);
        attempt.EngineHandle = handle;
        var asking = AskForSlotAsync(handle, request, step.Id, attempt.Number);
        if (_routing.IsLikelyFree(attempt.Agent))
        {
            _turnAsks.Add(asking);
        }
    }

    // Where the step that it needs has run last, its output and whatever it has loaded may still be.
    private string? NearOf(StepState step)
    {
        foreach (var need in _state.Plan.Needs[step.Index])
        {
            if (_state.Steps[need].Attempts.FindLast(static a => a.Status == AttemptStatus.Succeeded) is { } before)
            {
                return before.Node;
            }
        }
        return null;
    }

    private async Task AskForSlotAsync(SlotHandle handle, SlotRequest request, string step, int attempt)
    {
        while (!_stopped && !handle.IsAbandoned)
        {
            try
            {
                var reply = await _services.Dispatcher.AcquireSlotAsync(request);
                switch (reply.Outcome)
                {
                    case SlotOutcome.Granted or SlotOutcome.Waiting when handle.IsAbandoned:
                        // It was asked for after it was given back: calls overtake each other.
                        await ReleaseAsync(request.Slot);
                        return;
                    case SlotOutcome.Granted:
                        Post(new RunInput.GrantSlot(
                            step, attempt, reply.Node!, reply.Placement?.To<Core.Placement.Placement>()));
                        return;
                    case SlotOutcome.AgentGone:
                        Post(new RunInput.FailAttempt(step, attempt, new RunError(
                            ErrorKind.Routing, ErrorCodes.NoAgent,
                            $"The agent of attempt {attempt} of step '{step}' of run '{Key}' was removed or disabled while " +
                            "the attempt waited for a slot.", Retryable: false)));
                        return;
                    case SlotOutcome.Waiting or SlotOutcome.Withdrawn:
                        break; // ask again
                    default:
                        throw new InvalidOperationException($"Unknown outcome {reply.Outcome}.");
                }
            }
            catch (Exception e) when (Transient.Is(e))
            {
                LogDispatcher(_services.Logger, e, Key);
                await Task.Delay(Pause, _services.Time);
            }
        }
    }

    // An input that came too late may have brought a slot with it, or a place.
    private void GiveBack(RunInput input)
    {
        if (input is RunInput.StartRun && _state.Status.IsEnded())
        {
            _ = LeavePlaceAsync();
        }
        else if (input is RunInput.GrantSlot granted && _state.Plan.TryIndexOf(granted.Step, out var index)
            && _state.Steps[index].Attempts[granted.Attempt - 1] is { Status: not AttemptStatus.Running } attempt)
        {
            _ = ReleaseAsync(SlotOf(_state.Steps[index], attempt));
        }
    }

    private async Task ReleaseAsync(string slot)
    {
        try
        {
            await _services.Dispatcher.ReleaseSlotsAsync([slot]);
        }
        catch (Exception e) when (Transient.Is(e))
        {
            // A grant that no node reports is taken back in the end.
            LogDispatcher(_services.Logger, e, Key);
        }
    }

    // The agent is not asked before the log has it: whoever drives the run next must know where to look for it.
    private void Prepare(StepState step, AttemptState attempt)
    {
        var input = AttemptInput.Of(_state, step, attempt);
        var call = new AgentCallHandle(SlotOf(step, attempt), step, attempt)
        {
            Request = new InvocationRequest
            {
                Slot = SlotOf(step, attempt),
                RunId = Id,
                MatchId = Key.MatchId,
                Round = Key.Round,
                Agent = attempt.Agent,
                Step = step.Id,
                Attempt = attempt.Number,
                Try = attempt.Try,
                Deadline = attempt.Deadline,
                Input = input.Compose(),
                Results = input.Results.ToDictionary(),
                Gpu = attempt.Placement?.Gpu,
            },
        };
        attempt.EngineHandle = call;
        _turnCalls.Add(call);
    }

    private void Abandon(AttemptState attempt)
    {
        switch (attempt.EngineHandle)
        {
            case SlotHandle slot:
                slot.IsAbandoned = true;
                _ = ReleaseAsync(slot.Slot);
                break;
            case AgentCallHandle { HasBegun: false } call:
                _turnCalls.Remove(call);
                _ = ReleaseAsync(call.Slot);
                break;
            case AgentCallHandle { HasReturned: false } call:
                call.IsAbandoned = true;
                _ = CancelCallAsync(call);
                break;
            default:
                break; // it has returned, or nothing was asked of anybody yet
        }
    }

    // Joins what runs there; if it does not run any more, it is lost. While that is not known, its time does not run
    // out: it is no agent's fault when nobody was there to hear it.
    private void Reconcile(StepState step, AttemptState attempt)
    {
        _joining++;
        _joinedBy = _services.Time.GetUtcNow() + LongestJoin;
        var call = new AgentCallHandle(SlotOf(step, attempt), step, attempt);
        attempt.EngineHandle = call;
        Begin(call);
    }

    // What was asked under the old state goes on; its answers are recognised as late, or are as good as new ones.
    private void ForgetHandles()
    {
        foreach (var attempt in _state.Steps.SelectMany(static s => s.Attempts))
        {
            attempt.EngineHandle = null;
        }
    }
}
