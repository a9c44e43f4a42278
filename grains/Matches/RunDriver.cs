using System.Collections.Immutable;
using System.Diagnostics;
using AgentGrid.Core.Runs;
using AgentGrid.RunLog;
using AgentGrid.Runtime.Telemetry;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Matches;

/// <summary>
/// The mailbox of one active run, inside the grain of its match: whatever happens to the run is posted here and handled
/// turn by turn. A turn decides, is kept in the run log if nobody else has changed the run, and only then has effects.
/// Everything here happens on the grain's scheduler, one thing at a time.
/// </summary>
internal sealed partial class RunDriver
{
    private static readonly TimeSpan GrantWait = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestJoin = TimeSpan.FromSeconds(5);

    private readonly MatchServices _services;
    private readonly IGrainBase _grain;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<RunEvent> _turnEvents = [];
    private readonly List<Letter> _turnReplies = [];
    private readonly List<AgentCallHandle> _turnCalls = [];
    private readonly List<Task> _turnAsks = [];
    private List<Letter> _inbox = [];
    private RunState _state;
    private long _durableVersion;
    private TurnRouting _routing;
    private RunTrace? _trace;
    private IGrainTimer? _timer;
    private DateTimeOffset _armedFor = DateTimeOffset.MaxValue;
    private Task _pump = Task.CompletedTask;
    private bool _pumping;
    private volatile bool _stopped;

    public RunDriver(MatchServices services, IGrainBase grain, RunState state)
    {
        _services = services;
        _grain = grain;
        _state = state;
        _durableVersion = state.Version;
        _routing = services.Loads.ForTurn();
        Summary = RunDetailsBuilder.Summarize(state);
    }

    public RunId Id => _state.Id;
    public RunKey Key => _state.Key;
    public Core.Json Input => _state.Input;

    /// <summary>The run's line, as it is durable.</summary>
    public RunSummary Summary { get; private set; }

    /// <summary>Completes when the run's end is durable, or when it is driven no longer.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The run is accepted: it waits for its turn from now on.</summary>
    public void Begin()
    {
        _services.Drivers.Add(this);
        Interpret(new Effect.AwaitTurn());
    }

    /// <summary>Does what a replayed state asks for.</summary>
    public void Resume()
    {
        _services.Drivers.Add(this);
        if (_state.Status == RunStatus.Running)
        {
            _trace ??= RunTrace.Begin(_state, resumed: true);
        }
        foreach (var effect in RunMachine.Resume(_state))
        {
            Interpret(effect);
        }
        ArmTimer();
    }

    public void Post(RunInput input) => Post(new Letter(input, null));

    /// <summary>Posts an input, and waits until what it led to is durable.</summary>
    /// <returns>Why it was ignored; null when it was heeded.</returns>
    public Task<string?> AskAsync(RunInput input)
    {
        var reply = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new Letter(input, reply));
        return reply.Task;
    }

    /// <summary>Stops to drive the run, after the turn that is under way: somebody else will.</summary>
    public async Task StopAsync()
    {
        _stopped = true;
        await _pump;
        Leave();
    }

    /// <summary>Stops at once, as if the process had been killed.</summary>
    public void Abandon() => _stopped = true;

    /// <summary>An attempt runs on that node, or what came of it is not durable yet.</summary>
    public bool IsBusyWith(string node) => _callsByNode.ContainsKey(node);

    private void Post(Letter letter)
    {
        _inbox.Add(letter);
        if (!_pumping && !_stopped)
        {
            _pumping = true;
            _pump = PumpAsync();
        }
    }

    private async Task PumpAsync()
    {
        try
        {
            // What else is posted in this moment joins the turn.
            await Task.Yield();
            while (_inbox.Count > 0 && !_stopped)
            {
                try
                {
                    await TurnAsync();
                }
                catch (Exception e) when (e is not RunLogException && !_stopped)
                {
                    await MendAsync(e);
                }
            }
        }
        catch (Exception e) when (Transient.Is(e) && _stopped)
        {
            LogNotKept(_services.Logger, e, Key);
        }
        catch (RunLogException e)
        {
            _services.Log.Report(e);
            _ = LeavePlaceAsync();
            Vanish();
        }
        catch (Exception e)
        {
            // It cannot be mended here: what is durable of the run is resumed by the next that drives it.
            LogGivenUp(_services.Logger, e, Key);
            _stopped = true;
            Leave();
        }
        finally
        {
            _pumping = false;
        }
    }

    private async Task TurnAsync()
    {
        if (_inbox.Exists(static l => l.Input is not (RunInput.ReportProgress or RunInput.GrantSlot)))
        {
            await _services.Loads.RefreshAsync();
            _routing = _services.Loads.ForTurn();
        }
        Take();
        if (_turnAsks.Count > 0)
        {
            // Most slots are granted within a fraction of a millisecond: the turn waits for them, so that asking and
            // starting are one write.
            await Task.WhenAny(Task.WhenAll(_turnAsks), Task.Delay(GrantWait, _services.Time));
            _turnAsks.Clear();
            Take();
            _turnAsks.Clear();
        }
        if (_turnEvents.Count > 0 && !await KeepAsync())
        {
            return;
        }
        ArmTimer();
    }

    // Decides all that has come.
    private void Take()
    {
        var letters = _inbox;
        _inbox = [];
        for (var i = 0; i < letters.Count; i++)
        {
            try
            {
                Handle(letters[i]);
            }
            catch (Exception e)
            {
                PutBack(letters, i, e);
                throw;
            }
        }
    }

    private void Handle(Letter letter)
    {
        if (letter.Input is RunInput.FireTimers)
        {
            _armedFor = DateTimeOffset.MaxValue;
        }
        var decision = RunMachine.Decide(_state, letter.Input, _services.Time.GetUtcNow(), _routing);
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
            LogIgnored(_services.Logger, Key, decision.Ignored);
            GiveBack(letter.Input);
        }
        if (letter.Reply is null)
        {
            return;
        }
        if (_turnEvents.Count == 0)
        {
            letter.Reply.SetResult(decision.Ignored);
            return;
        }
        // Answered when the turn is durable: also one that was ignored because of what came before it in the turn.
        _turnReplies.Add(letter with { Ignored = decision.Ignored });
    }

    /// <returns>False when the turn was not kept, and the run is driven from what the log has instead, or not at all.</returns>
    private async Task<bool> KeepAsync()
    {
        var summary = RunDetailsBuilder.Summarize(_state);
        ImmutableArray<RunEvent> events = [.. _turnEvents];
        _turnEvents.Clear();
        while (true)
        {
            try
            {
                var startedAt = Stopwatch.GetTimestamp();
                switch (await _services.Log.AppendAsync(Id, _durableVersion, events, summary))
                {
                    case AppendOutcome.Kept:
                        GridMetrics.RecordCommit(startedAt, events.Length);
                        _durableVersion += events.Length;
                        Kept(summary, events);
                        return true;
                    case AppendOutcome.Conflict:
                        LogReloads(_services.Logger, Key);
                        await ReloadAsync();
                        return false;
                    case AppendOutcome.Gone:
                        LogGone(_services.Logger, Key);
                        Vanish();
                        return false;
                    case var other:
                        throw new InvalidOperationException($"Unknown outcome {other.GetType()}.");
                }
            }
            catch (Exception e) when (Transient.Is(e) && !_stopped)
            {
                LogNotKept(_services.Logger, e, Key);
                await Task.Delay(Pause, _services.Time);
            }
        }
    }

    private void Kept(RunSummary summary, ImmutableArray<RunEvent> events)
    {
        Summary = summary;
        foreach (var call in _turnCalls)
        {
            Begin(call);
        }
        _turnCalls.Clear();
        foreach (var letter in _turnReplies)
        {
            letter.Reply!.SetResult(letter.Ignored);
        }
        _turnReplies.Clear();
        // A run that has ended can still be told of, as by a submission that was skipped; it does not end again.
        if (_state.Status.IsEnded()
            && events.Any(static e => e is RunEvent.RunCompleted or RunEvent.RunFailed or RunEvent.RunCancelled))
        {
            LogOutcome(summary);
            _ = LeavePlaceAsync();
            Vanish();
        }
    }

    // Nothing is left to drive here.
    private void Vanish()
    {
        _stopped = true;
        foreach (var letter in _turnReplies.Concat(_inbox))
        {
            letter.Reply?.TrySetResult($"the run is {Summary.Status}");
        }
        _turnReplies.Clear();
        _inbox.Clear();
        Leave();
    }

    private void Leave()
    {
        _timer?.Dispose();
        _timer = null;
        _trace?.End(_state);
        _trace = null;
        _services.Drivers.Remove(this);
        _ended.TrySetResult();
    }

    private void ArmTimer()
    {
        if (_stopped || _state.NextDue is not { } due || due >= _armedFor)
        {
            return;
        }
        _armedFor = due;
        var at = _joining > 0 && due < _joinedBy ? _joinedBy : due;
        var left = (at - _services.Time.GetUtcNow()).TotalMilliseconds;
        var wait = TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(left), 0, 86_400_000));
        if (_timer is not null)
        {
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
            return;
        }
        _timer = _grain.RegisterGrainTimer(
            _ =>
            {
                // The clock and the timer do not agree to the millisecond: what is not due yet is armed once more.
                Post(RunInput.FireTimers.Instance);
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(wait, Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true });
    }

    private void Observe(RunEvent e)
    {
        _services.Node.Statistics.Record(_state, e);
        GridMetrics.Record(_state, e);
        switch (e)
        {
            case RunEvent.RunStarted:
                _trace ??= RunTrace.Begin(_state, resumed: false);
                break;
            case RunEvent.AttemptSucceeded x:
                _trace?.Succeeded((_state[x.Step].Attempts[x.Attempt - 1].EngineHandle as AgentCallHandle)?.Span);
                break;
            case RunEvent.RunCompleted or RunEvent.RunFailed or RunEvent.RunCancelled:
                _trace?.End(_state);
                _trace = null;
                break;
            default:
                break; // no span begins or ends with it
        }
    }

    /// <param name="Ignored">Why the input was not heeded; known once it was handled.</param>
    /// <param name="Again">The turn that it was in broke, perhaps because of it.</param>
    private sealed record Letter(
        RunInput Input, TaskCompletionSource<string?>? Reply, string? Ignored = null, bool Again = false);
}
