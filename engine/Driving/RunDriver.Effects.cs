using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Driving;

public sealed partial class RunDriver
{
    private static readonly TimeSpan LongestJoin = TimeSpan.FromSeconds(5);

    private readonly Dictionary<(string Step, int Attempt), OpenAttempt> _open = [];

    // The slots that this turn has taken, and that no attempt has yet.
    private readonly List<(string Step, int Attempt, IHeldSlot Slot)> _turnSlots = [];

    // Attempts of which it is not known yet whether they still run.
    private int _joining;
    private DateTimeOffset _joinedBy;

    // How much of what webhooks are to be told has been passed on, or will be when the turn is durable.
    private int _handedDeliveries;

    private WebhookDelivery[]? TakeNewDeliveries()
    {
        if (_state.Deliveries.Count <= _handedDeliveries)
        {
            return null;
        }
        var taken = _state.Deliveries.Skip(_handedDeliveries).ToArray();
        _handedDeliveries = _state.Deliveries.Count;
        return taken;
    }

    private void Deliver(IEnumerable<WebhookDelivery> deliveries)
    {
        foreach (var delivery in deliveries)
        {
            Delivers?.Invoke(Id, delivery);
        }
    }

    private void Interpret(Effect effect)
    {
        switch (effect)
        {
            case Effect.AwaitTurn: _awaitsTurn = true; break;
            case Effect.AwaitSlot e: AwaitSlot(e.Step, e.Attempt); break;
            case Effect.Invoke e: Prepare(e.Step, e.Attempt); break;
            case Effect.Abandon e: Abandon(e.Step, e.Attempt); break;
            case Effect.Reconcile e: Join(e.Step, e.Attempt); break;
            case Effect.Finish: break; // its place in the queue goes to the next when the end is durable
            default: throw new ArgumentOutOfRangeException(nameof(effect), effect.GetType(), "unknown effect");
        }
    }

    private void AwaitSlot(string step, int number)
    {
        var open = Open(step, number);
        open.Pending = _slots.Ask(open);
    }

    // The slot is the one that was granted to it, or else the one that this turn has taken for it.
    private void Prepare(string step, int number)
    {
        var ofStep = _state[step];
        var input = AttemptInput.Of(_state, ofStep, ofStep.Attempts[number - 1]);
        if (ofStep.Step.Plan is not null)
        {
            // Only when it is durable that somebody waits for what it comes to.
            (_turnCalls ??= []).Add(Child(step, number, input));
            return;
        }
        var granted = _open.GetValueOrDefault((step, number)) is { Pending: not null, Granted: { } g } ? g : null;
        var open = Open(step, number);
        open.Prepared = (granted ?? TakeTurnSlot(step, number), input);
        if (_journal.RunsAhead && !_resumed)
        {
            Call(open);
            return;
        }
        // No agent is asked before the journal has it. Whoever drives the run next must know where to look for it; and
        // an agent that takes the process down at once would do so for ever, were no crash to leave a trace that counts.
        (_turnCalls ??= []).Add(open);
    }

    private void Call(List<OpenAttempt> attempts)
    {
        foreach (var open in attempts)
        {
            if (open.Prepared is not null && IsHeard(open) && !_services.Stopping.IsCancellationRequested)
            {
                Call(open);
            }
        }
    }

    private void Call(OpenAttempt open)
    {
        var (slot, input) = open.Prepared!.Value;
        open.Call = open.IsChild
            ? _services.Children.Begin(open, input)
            : _services.Caller.Begin(new AgentCallRequest(open, input, slot!, _trace));
        open.Prepared = null;
    }

    private void Abandon(string step, int number)
    {
        if (!_open.Remove((step, number), out var open))
        {
            return; // nothing was asked of anybody for it
        }
        Closed(open);
        if (open.IsChild)
        {
            (_turnOrphans ??= []).Add(open);
        }
        else if (open.Call is { } call)
        {
            _services.Caller.Cancel(call, _trace?.LastSuccess ?? default);
        }
        else if (open.Prepared is { } prepared)
        {
            _slots.Release(prepared.Slot!);
        }
        else if (open.Pending is { } pending)
        {
            _slots.Withdraw(pending);
        }
    }

    // Joins what runs there; if it does not run any more, it is lost. While that is not known its time does not run out:
    // it is no agent's fault when nobody was there to hear it.
    private void Join(string step, int number)
    {
        if (_state[step] is { Step.Plan: not null } ofStep)
        {
            Call(Child(step, number, AttemptInput.Of(_state, ofStep, ofStep.Attempts[number - 1])));
            return;
        }
        var open = Open(step, number, isJoined: true);
        _joining++;
        _joinedBy = _services.Time.GetUtcNow() + LongestJoin;
        open.Call = _services.Caller.Join(open);
    }

    private OpenAttempt Child(string step, int number, AttemptInput input)
    {
        var open = Open(step, number);
        open.Prepared = (null, input);
        return open;
    }

    // That nobody waits for them is durable by now.
    private void Cancel(List<OpenAttempt> orphans)
    {
        foreach (var orphan in orphans)
        {
            if (orphan.Call is { } call)
            {
                _services.Children.Cancel(call);
            }
        }
    }

    private void Forget(OpenAttempt open)
    {
        if (open.Call is { } call)
        {
            if (open.IsChild)
            {
                _services.Children.Forget(call);
            }
            else
            {
                _services.Caller.Forget(call);
            }
        }
        else if (open.Prepared is { } prepared)
        {
            if (prepared.Slot is { } slot)
            {
                _slots.Forget(slot);
            }
        }
        else if (open.Pending is { } pending)
        {
            _slots.Forget(pending);
        }
    }

    private DateTimeOffset Later(DateTimeOffset due) => _joining > 0 && due < _joinedBy ? _joinedBy : due;

    private OpenAttempt Open(string step, int number, bool isJoined = false)
    {
        var ofStep = _state[step];
        var open = new OpenAttempt(this, _state, ofStep, ofStep.Attempts[number - 1], _open.Count) { IsJoined = isJoined };
        if (_open.Remove((step, number), out var before))
        {
            Closed(before);
        }
        _open.Add((step, number), open);
        return open;
    }

    private void Closed(OpenAttempt open)
    {
        if (open.IsJoined && --_joining == 0)
        {
            _armedFor = DateTimeOffset.MaxValue;
        }
    }

    private bool IsHeard(OpenAttempt from) => _open.GetValueOrDefault((from.Step.Id, from.State.Number)) == from;

    private IHeldSlot TakeTurnSlot(string step, int number)
    {
        var at = 0;
        while (_turnSlots[at].Attempt != number || _turnSlots[at].Step != step)
        {
            at++;
        }
        var slot = _turnSlots[at].Slot;
        _turnSlots.RemoveAt(at);
        return slot;
    }
}
