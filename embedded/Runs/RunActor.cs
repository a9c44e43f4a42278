using System.Collections.Immutable;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Runtime.Runs;
using AgentGrid.Runtime.Telemetry;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Embedded.Runs;

/// <summary>
/// The mailbox of one active run. Whatever happens to the run is posted here, and handled one at a time, on whatever
/// thread is free: a turn takes all that has come, decides, hands the events to the journal and the effects to the
/// engine.
/// </summary>
internal sealed partial class RunActor : IThreadPoolWorkItem, IRoutingView, IAdmitted
{
    private readonly Engine _engine;
    private RunState _state;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<WriteOutcome> _accepted =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<RunEvent> _turnEvents = [];
    private List<Letter> _inbox = [];
    private List<Letter> _reading = [];
    private List<Letter>? _turnReplies;
    private List<HeldInvocation>? _turnInvocations;
    private bool _resumed;
    private ITimer? _timer;
    private DateTimeOffset _armedFor = DateTimeOffset.MaxValue;
    private volatile RunSummary _summary;
    private RunTrace? _trace;
    private bool _scheduled;

    public RunActor(Engine engine, RunRef run, RunState state)
    {
        _engine = engine;
        _state = state;
        Ref = run;
        _summary = RunDetailsBuilder.Summarize(state);
    }

    public RunRef Ref { get; }

    /// <summary>The run's line as users may see it: an end shows only when it is durable.</summary>
    /// <remarks>
    /// Who has had an attempt changes often and is asked for seldom, so it is taken from the state, whatever turn it is
    /// in: a set never changes.
    /// </remarks>
    public RunSummary Summary
    {
        get
        {
            var (summary, agents) = (_summary, _state.Agents);
            return ReferenceEquals(summary.Agents, agents) ? summary : summary with { Agents = agents };
        }
    }

    /// <summary>Completes when the run's end is durable, and the actor is done.</summary>
    public Task Ended => _engine.Platform.Wait(_ended.Task);

    /// <summary>What became of the run's acceptance; done already for runs that were found in the journal.</summary>
    public Task<WriteOutcome> Accepted => _engine.Platform.Wait(_accepted.Task);

    public int Priority => _state.Priority;
    public string? Tenant => _state.Tenant;

    void IAdmitted.Start() => Post(RunInput.StartRun.Instance);

    public void Post(RunInput input) => Post(new Letter(input, null, null));

    /// <summary>Posts an input, and waits until what it led to is durable.</summary>
    /// <returns>Why it was ignored; null when it was heeded.</returns>
    public Task<string?> AskAsync(RunInput input)
    {
        var reply = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new Letter(input, reply, null));
        return _engine.Platform.Wait(reply.Task);
    }

    /// <summary>Looks at the state between two turns.</summary>
    public Task<T> LookAsync<T>(Func<RunState, T> look)
    {
        var reply = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new Letter(null, null, state =>
        {
            try
            {
                reply.SetResult(look(state));
            }
            catch (Exception e)
            {
                reply.SetException(e);
            }
        }));
        return _engine.Platform.Wait(reply.Task);
    }

    /// <summary>Says what became of the acceptance.</summary>
    public void Accept(WriteOutcome outcome) => _accepted.SetResult(outcome);

    /// <summary>The run is accepted: it waits for its turn from now on.</summary>
    public void Begin() => AwaitTurn();

    /// <summary>Does what a replayed state asks for.</summary>
    public void Resume() => Post(new Letter(null, null, state =>
    {
        _resumed = true;
        if (state.Status == RunStatus.Running)
        {
            _trace = RunTrace.Begin(state, resumed: true);
        }
        foreach (var effect in RunMachine.Resume(state))
        {
            Interpret(effect);
        }
    }));

    void IThreadPoolWorkItem.Execute()
    {
        lock (_gate)
        {
            (_inbox, _reading) = (_reading, _inbox);
        }
        var at = -1;
        try
        {
            if (_held is null || GoesOn())
            {
                for (at = 0; at < _reading.Count; at++)
                {
                    Handle(_reading[at]);
                }
                CloseTurn();
            }
        }
        catch (Exception e)
        {
            Break(e, at);
        }
        _reading.Clear();
        lock (_gate)
        {
            if (_inbox.Count == 0)
            {
                _scheduled = false;
                return;
            }
        }
        _engine.Platform.Queue(this, preferLocal: true);
    }

    IReadOnlyList<AgentLoad> IRoutingView.Offering(ImmutableArray<string> capabilities) =>
        _engine.Slots.Offering(capabilities);

    AgentLoad? IRoutingView.Named(string agent) => _engine.Slots.Named(agent);

    string? IRoutingView.TryReserve(string agent, string step, int attempt)
    {
        var slot = _engine.Slots.TryTake(agent);
        if (slot is not null)
        {
            _turnSlots.Add((step, attempt, slot));
        }
        return slot?.Node;
    }

    /// <summary>The end of the run is durable: users may see it.</summary>
    private void OnEndDurable(RunSummary summary)
    {
        _summary = summary;
        LogOutcome(summary);
        _engine.OnEnded(this);
        _ended.SetResult();
    }

    private void Observe(RunEvent e)
    {
        _engine.Statistics.Record(_state, e);
        GridMetrics.Record(_state, e);
        switch (e)
        {
            case RunEvent.RunStarted:
                _trace ??= RunTrace.Begin(_state, resumed: false);
                break;
            case RunEvent.AttemptSucceeded x:
                _trace?.Succeeded((_state[x.Step].Attempts[x.Attempt - 1].EngineHandle as Invocation)?.Span);
                break;
            case RunEvent.RunCompleted or RunEvent.RunFailed or RunEvent.RunCancelled:
                _trace?.End(_state);
                _trace = null;
                break;
            default:
                break; // no span begins or ends with it
        }
    }

    private void Post(Letter letter)
    {
        lock (_gate)
        {
            _inbox.Add(letter);
            if (_scheduled)
            {
                return;
            }
            _scheduled = true;
        }
        _engine.Platform.Queue(this, preferLocal: false);
    }

    private void Handle(Letter letter)
    {
        letter.Look?.Invoke(_state);
        if (letter.Input is not { } input || letter.From is { IsHeard: false })
        {
            return;
        }
        if (input is RunInput.FireTimers)
        {
            // Timers and the clock do not agree to the millisecond: what is not due yet is waited for once more.
            _armedFor = DateTimeOffset.MaxValue;
        }
        var decision = RunMachine.Decide(_state, input, _engine.Time.GetUtcNow(), this);
        foreach (var e in decision.Events)
        {
            _turnEvents.Add(e);
            Observe(e);
            if (RunMachine.EffectOf(_state, e) is { } effect)
            {
                Interpret(effect);
            }
        }
        if (decision.Ignored is not null)
        {
            LogIgnored(_engine.Logger, Ref.Key, decision.Ignored);
            if (input is RunInput.StartRun && _state.Status.IsEnded())
            {
                // It was cancelled before it had even begun to wait.
                _engine.Admission.Leave(this);
            }
        }
        if (letter.Reply is not { } reply)
        {
            return;
        }
        if (decision.Events.Count == 0)
        {
            reply.SetResult(decision.Ignored);
            return;
        }
        (_turnReplies ??= []).Add(letter);
    }

    // Everything that one round of letters led to goes to the journal as one record.
    private void CloseTurn()
    {
        if (_turnEvents.Count > 0)
        {
            var (replies, invocations) = (_turnReplies, _turnInvocations);
            // A run that has ended can still be told of, as by a submission that was skipped; it does not end again.
            var ends = _turnEvents.Exists(static e =>
                e is RunEvent.RunCompleted or RunEvent.RunFailed or RunEvent.RunCancelled);
            var ended = ends ? RunDetailsBuilder.Summarize(_state) : null;
            if (!_state.Status.IsEnded() && !IsUpToDate(_summary))
            {
                _summary = RunDetailsBuilder.Summarize(_state);
            }
            _engine.Journal.Append(new AppendEvents(Ref, [.. _turnEvents])
            {
                Agents = ended?.Agents,
                Reason = ended?.Reason,
                Completed = ended is null && replies is null && invocations is null ? null : _ =>
                {
                    if (invocations is not null)
                    {
                        Post(new Letter(null, null, _ => InvokeHeld(invocations)));
                    }
                    if (ended is not null)
                    {
                        OnEndDurable(ended);
                    }
                    replies?.ForEach(r => r.Reply!.SetResult(null));
                },
            });
            _turnReplies = null;
            _turnInvocations = null;
            _turnEvents.Clear();
        }
        ArmTimer();
    }

    private bool IsUpToDate(RunSummary summary) => _state.Status == summary.Status
        && _state.WaitingAttempts == summary.WaitingAttempts && _state.RetryingBranches == summary.RetryingBranches;

    // One timer a run, set to the earliest of all that it waits for. A later one is left to fire for nothing.
    private void ArmTimer()
    {
        if (_state.Status.IsEnded())
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
        var left = due - _engine.Time.GetUtcNow();
        var wait = TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 0, 86_400_000));
        _timer ??= _engine.Time.CreateTimer(
            static actor => ((RunActor)actor!).Post(RunInput.FireTimers.Instance), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    /// <param name="Again">The turn that it was in broke, perhaps because of it.</param>
    /// <param name="From">What a slot was asked for; null when it is not about one.</param>
    private readonly record struct Letter(
        RunInput? Input, TaskCompletionSource<string?>? Reply, Action<RunState>? Look, bool Again = false,
        Waiter? From = null);

    // A category of its own, so that the line of every run can be switched on and off by itself.
    private void LogOutcome(RunSummary run)
    {
        var seconds = (run.EndedAt - run.AcceptedAt)!.Value.TotalSeconds;
        if (run.Status == RunStatus.Failed)
        {
            LogFailed(_engine.RunLogger, Ref.Key, Ref.Id, run.Plan, seconds, _state.Error?.Message);
        }
        else
        {
            LogEnded(_engine.RunLogger, Ref.Key, Ref.Id, run.Plan, run.Status, seconds);
        }
    }

    [LoggerMessage(220, LogLevel.Information, "Run '{Run}' ({RunId}, {Plan}): {Status} after {Seconds:0.000} s")]
    private static partial void LogEnded(
        ILogger logger, RunKey run, RunId runId, string plan, RunStatus status, double seconds);

    [LoggerMessage(221, LogLevel.Warning, "Run '{Run}' ({RunId}, {Plan}): failed after {Seconds:0.000} s: {Error}")]
    private static partial void LogFailed(
        ILogger logger, RunKey run, RunId runId, string plan, double seconds, string? error);

    [LoggerMessage(201, LogLevel.Debug, "Run '{Run}': ignored {What}")]
    private static partial void LogIgnored(ILogger logger, RunKey run, string what);
}
