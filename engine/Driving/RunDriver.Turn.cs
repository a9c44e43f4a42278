using AgentGrid.Core.Runs;
using AgentGrid.Engine.Telemetry;

namespace AgentGrid.Engine.Driving;

public sealed partial class RunDriver
{
    private readonly List<RunEvent> _turnEvents = [];
    private List<AwaitedReply>? _turnReplies;
    private List<OpenAttempt>? _turnCalls;
    private List<OpenAttempt>? _turnOrphans;
    private TurnEnd _turnEnd = TurnEnd.Nothing;
    private RunEvent[] _turnKept = [];
    private TurnOutcome _turnOutcome;
    private Phase _phase;
    private int _at = -1;
    private bool _resumed;
    private DateTimeOffset _drivenSince;
    private bool _isLeaving;

    // It does nothing but wait, and holds no place.
    private bool _isAside;

    // It is to begin to wait for its turn.
    private bool _awaitsTurn;

    // The run has ended by what its journal has, and nothing was appended since.
    private bool _endIsKept;
    private Action<TurnOutcome>? _onOutcome;
    private ITimer? _timer;
    private DateTimeOffset _armedFor = DateTimeOffset.MaxValue;
    private RunTrace? _trace;

    /// <summary>What a turn goes on with.</summary>
    private enum Phase
    {
        Begin,
        Decide,
        DecideGrants,
        Finish,
    }

    void IThreadPoolWorkItem.Execute()
    {
        var isDone = GoOn();
        if (_serves)
        {
            _serves = false;
            _slots.Serve();
        }
        if (!isDone)
        {
            return; // what it waits for lets it go on, perhaps already
        }
        if (_isLeaving || (_endIsKept && _held is null && _state.Status.IsEnded()))
        {
            Leave();
        }
        lock (_gate)
        {
            if (_inbox.Count == 0)
            {
                _scheduled = false;
                return;
            }
        }
        _services.Platform.Queue(this, preferLocal: true);
    }

    /// <returns>False when the turn waits for something.</returns>
    private bool GoOn()
    {
        try
        {
            return _phase switch
            {
                Phase.Begin => BeginTurn(),
                Phase.Decide => DecideAll(),
                Phase.DecideGrants => DecideGrants(),
                Phase.Finish => FinishTurn(),
                _ => throw new InvalidOperationException($"Unknown phase {_phase}."),
            };
        }
        catch (Exception e)
        {
            Crash(e);
            return true;
        }
    }

    private bool BeginTurn()
    {
        ReadInbox();
        if (Interlocked.Exchange(ref _failure, null) is { } failure && !_isOver)
        {
            Crash(failure);
            return true;
        }
        if (_held is not null && !Resumes())
        {
            return true;
        }
        if (_reading.Exists(static m => m.Input is not (null or RunInput.ReportProgress or RunInput.GrantSlot)))
        {
            _phase = Phase.Decide;
            if (_slots.Refresh(this))
            {
                return false;
            }
        }
        return DecideAll();
    }

    private void ReadInbox()
    {
        lock (_gate)
        {
            (_inbox, _reading) = (_reading, _inbox);
            (_serves, _owes) = (_serves || _owes, false);
        }
    }

    private bool DecideAll()
    {
        HandleAll();
        // Where most slots are granted in a moment, the turn waits for them: asking and starting are one write then.
        _phase = Phase.DecideGrants;
        return !_slots.AwaitGrants(this) && CloseTurn();
    }

    private bool DecideGrants()
    {
        ReadInbox();
        HandleAll();
        return CloseTurn();
    }

    private void HandleAll()
    {
        for (_at = 0; _at < _reading.Count; _at++)
        {
            Handle(_reading[_at]);
        }
        _reading.Clear();
        _at = -1;
    }

    private void Handle(in Message message)
    {
        message.Look?.Invoke(_state);
        if (message.Input is not { } input || (message.From is { } from && !IsHeard(from)))
        {
            return;
        }
        if (_isOver)
        {
            message.Reply?.SetResult(WhyOver);
            return;
        }
        if (input is RunInput.FireTimers)
        {
            // Timers and the clock do not agree to the millisecond: what is not due yet is waited for once more.
            _armedFor = DateTimeOffset.MaxValue;
        }
        var decision = RunMachine.Decide(_state, input, _services.Time.GetUtcNow(), this, _services.Limits);
        foreach (var e in decision.Events)
        {
            _turnEvents.Add(e);
            Observe(e);
            if (RunMachine.EffectOf(e) is { } effect)
            {
                Interpret(effect);
            }
        }
        if (decision.Ignored is not null)
        {
            LogIgnored(_services.Logger, Key, decision.Ignored);
            // One that is counted in a group leaves when its end is durable: another may drive it, and keep its start instead.
            if (input is RunInput.StartRun && _state.Status.IsEnded() && _state.Group is null)
            {
                _services.Queue.Leave(this); // it was cancelled before it had even begun to wait
            }
        }
        if (message.Reply is not { } reply)
        {
            return;
        }
        if (_turnEvents.Count == 0)
        {
            reply.SetResult(decision.Ignored);
            return;
        }
        // Answered when the turn is durable: also what was ignored because of something that came before it in the turn.
        (_turnReplies ??= []).Add(new AwaitedReply(message, decision.Ignored));
    }

    // All that the messages led to goes to the journal as one record.
    private bool CloseTurn()
    {
        _phase = Phase.Begin;
        if (_turnEvents.Count == 0)
        {
            ArmTimer();
            return true;
        }
        RunEvent[] events = [.. _turnEvents];
        _turnEvents.Clear();
        var end = TakeTurnEnd(events);
        _endIsKept &= end.Ended is null && _state.Status.IsEnded();
        if (_journal.RunsAhead)
        {
            if (!_state.Status.IsEnded() && !IsUpToDate(_summary))
            {
                _summary = RunDetailsBuilder.Summarize(_state);
            }
            _turnEnd = end;
            _journal.Append(this, _state, events, end == TurnEnd.Nothing ? null : outcome => OnDurable(outcome, end));
            _turnEnd = TurnEnd.Nothing;
            MindPlace();
            ArmTimer();
            return true;
        }
        (_phase, _turnEnd, _turnKept) = (Phase.Finish, end, events);
        _journal.Append(this, _state, events, _onOutcome ??= outcome =>
        {
            _turnOutcome = outcome;
            Continue();
        });
        return false;
    }

    private TurnEnd TakeTurnEnd(RunEvent[] events)
    {
        // A run that has ended can still be told of, as by a submission that was skipped; it does not end again.
        var ends = Array.Exists(events, static e =>
            e is RunEvent.RunCompleted or RunEvent.RunFailed or RunEvent.RunCancelled) && _state.Status.IsEnded();
        var deliveries = TakeNewDeliveries();
        if (!ends && _turnReplies is null && _turnCalls is null && _turnOrphans is null && deliveries is null)
        {
            return TurnEnd.Nothing;
        }
        var end = new TurnEnd(
            ends ? RunDetailsBuilder.Summarize(_state) : null, _turnReplies, _turnCalls, _turnOrphans, deliveries);
        (_turnReplies, _turnCalls, _turnOrphans) = (null, null, null);
        return end;
    }

    // Of a journal that runs ahead; on its thread.
    private void OnDurable(TurnOutcome outcome, TurnEnd end)
    {
        if (outcome != TurnOutcome.Kept)
        {
            Post(new Message(null, Look: _ => Lose(outcome, end)));
            return;
        }
        if (end.Calls is not null || end.Orphans is not null)
        {
            Post(new Message(null, Look: _ => Settle(end)));
        }
        if (end.Deliveries is { } deliveries)
        {
            Post(new Message(null, Look: _ => Deliver(deliveries)));
        }
        if (end.Ended is not null)
        {
            End(end.Ended);
        }
        end.Replies?.ForEach(static r => r.Message.Reply!.SetResult(r.Ignored));
    }

    private void Settle(TurnEnd end)
    {
        if (end.Calls is not null)
        {
            Call(end.Calls);
        }
        if (end.Orphans is not null)
        {
            Cancel(end.Orphans);
        }
    }

    private bool FinishTurn()
    {
        _phase = Phase.Begin;
        var (end, events) = (_turnEnd, _turnKept);
        (_turnEnd, _turnKept) = (TurnEnd.Nothing, []);
        if (_turnOutcome != TurnOutcome.Kept)
        {
            Lose(_turnOutcome, end);
            return true;
        }
        _summary = RunDetailsBuilder.Summarize(_state);
        end.Replies?.ForEach(static r => r.Message.Reply!.SetResult(r.Ignored));
        Array.ForEach(events, Measure);
        MindPlace();
        Settle(end);
        if (end.Deliveries is { } deliveries)
        {
            Deliver(deliveries);
        }
        if (end.Ended is not null)
        {
            End(end.Ended);
        }
        ArmTimer();
        return true;
    }

    private bool IsUpToDate(RunSummary summary) => _state.Status == summary.Status
        && _state.WaitingAttempts == summary.WaitingAttempts && _state.RetryingBranches == summary.RetryingBranches
        && _state.Waits == summary.Waits && _state.WaitingApprovals == summary.WaitingApprovals
        && _state.OnlyWaits == summary.OnlyWaits;

    // A run that does nothing but wait keeps no other from being driven. When it goes on it waits for nobody: it had its turn.
    private void MindPlace()
    {
        // Since when it waits is told to others when it is durable, and so the same for all who drive it.
        if (_awaitsTurn && _state.Status == RunStatus.Queued)
        {
            _services.Queue.Enter(this);
        }
        _awaitsTurn = false;
        if (_state.OnlyWaits == _isAside)
        {
            return;
        }
        _isAside = _state.OnlyWaits;
        if (_isAside)
        {
            _services.Queue.StepAside(this);
        }
        else if (_state.Status == RunStatus.Running)
        {
            _services.Queue.Return(this);
        }
    }

    // What is driven by a state that was replayed has the place that it had.
    private void Reenter()
    {
        _isAside = _state.OnlyWaits;
        if (_state.Status == RunStatus.Running && !_isAside)
        {
            _services.Queue.Reenter(this);
        }
        else if (_isAside && _state.Group is not null)
        {
            _services.Queue.StepAside(this);
        }
    }

    // One timer a run, set to the earliest of all that it waits for. A later one is left to fire for nothing.
    private void ArmTimer()
    {
        if (_state.Status.IsEnded() || _isOver)
        {
            _timer?.Dispose();
            _timer = null;
            return;
        }
        if (_state.NextDue is not { } due || due >= _armedFor)
        {
            return;
        }
        _armedFor = due;
        var left = (Later(due) - _services.Time.GetUtcNow()).TotalMilliseconds;
        var wait = TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(left), 0, 86_400_000));
        _timer ??= _services.Time.CreateTimer(
            static driver => ((RunDriver)driver!).Post(RunInput.FireTimers.Instance), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private void Observe(RunEvent e)
    {
        if (_journal.RunsAhead)
        {
            Measure(e);
        }
        switch (e)
        {
            case RunEvent.RunStarted:
                _trace ??= RunTrace.Begin(_state, resumed: false);
                break;
            case RunEvent.AttemptSucceeded x:
                _trace?.Succeeded(_open.GetValueOrDefault((x.Step, x.Attempt))?.Call?.Span);
                break;
            case RunEvent.RunCompleted or RunEvent.RunFailed or RunEvent.RunCancelled:
                _trace?.End(_state);
                _trace = null;
                break;
            default:
                break; // no span begins or ends with it
        }
    }

    // What is counted stays counted, so it is what is durable, or will be.
    private void Measure(RunEvent e)
    {
        if (e is RunEvent.WebhookFailed { NextTryAt: null } given)
        {
            LogWebhookGivenUp(_services.Logger, Key, Id, _state.Deliveries[given.Delivery - 1].Webhook.Url, given.Error);
        }
        _services.Statistics.Record(_state, e);
        Durations.Record(_state, e);
        if (AttemptVerdict.Of(e) is var (agent, step, attempt, hasFailed))
        {
            _slots.Report(agent, _state[step].Attempts[attempt - 1].Node, hasFailed);
        }
        GridMetrics.Record(_state, e, _drivenSince);
    }
}
