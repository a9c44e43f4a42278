using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Runtime.Runs;
using AgentGrid.Runtime.Slots;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Embedded.Runs;

// A turn that throws is a mistake in Agent Grid, and what it leaves behind cannot be trusted. So what a crash of the
// process does to every run is done to this one alone: it lets go of all that it holds, and goes on from the journal.
internal sealed partial class RunActor
{
    /// <summary>What is logged when a turn broke because of a mistake in Agent Grid itself.</summary>
    public const int BrokenEventId = 200;

    // The slots that this turn has taken and that no invocation has yet.
    private readonly List<(string Step, int Attempt, TakenSlot Slot)> _turnSlots = [];

    // What is still to be handled when the run goes on; null while it does.
    private List<Letter>? _held;
    private ITimer? _pause;
    private int _breaks;
    private volatile bool _pauseIsOver;

    /// <param name="at">Which letter was being handled: -1 before the first, and their number after the last.</param>
    private void Break(Exception e, int at)
    {
        var pause = BreakPause.After(_breaks++);
        LogBroken(_engine.Logger, e, Ref.Key, pause.TotalSeconds);
        var broken = at >= 0 && at < _reading.Count ? _reading[at] : default;
        var isCause = broken.Again;
        if (isCause)
        {
            broken.Reply?.TrySetException(e);
        }
        // Of what was handled nothing lasts, so it is handled again.
        var left = _reading.Where((l, i) => IsKept(l) && !(isCause && i == at) && (l.Reply is null || i >= at));
        _held = [.. (_held ?? []).Concat(_turnReplies ?? []).Concat(left).Select(static l => l with { Again = true })];
        _turnReplies = null;
        _turnInvocations = null;
        _turnEvents.Clear();
        LetGo();
        AnswerLooks(_reading.Skip(at + 1));
        _engine.Journal.Append(new Flush { Completed = _ => GoOnAfter(pause) });
    }

    private void LetGo()
    {
        foreach (var (_, _, slot) in _turnSlots)
        {
            _engine.Slots.Release(slot);
        }
        _turnSlots.Clear();
        foreach (var attempt in _state.Steps.SelectMany(static s => s.Attempts))
        {
            Abandon(attempt);
        }
        _timer?.Dispose();
        _timer = null;
    }

    private void GoOnAfter(TimeSpan pause)
    {
        _pause?.Dispose();
        _pause = _engine.Time.CreateTimer(
            static actor =>
            {
                ((RunActor)actor!)._pauseIsOver = true;
                ((RunActor)actor).Post(new Letter(null, null, null));
            },
            this, pause, Timeout.InfiniteTimeSpan);
    }

    // What somebody waits for, and what has cost time. Everything else comes anew when the run goes on.
    private static bool IsKept(Letter letter) => letter.Reply is not null || letter.Input is RunInput.CompleteAttempt;

    private bool GoesOn()
    {
        _held!.AddRange(_reading.Where(IsKept));
        if (!_pauseIsOver || _engine.Stopping.IsCancellationRequested)
        {
            AnswerLooks(_reading);
            return false;
        }
        _pauseIsOver = false;
        _reading.RemoveAll(static l => l.Look is null);
        _reading.AddRange(_held);
        _held = null;
        if (_engine.Reader.Find(Ref.Id) is { } row)
        {
            TakeUp(_engine.Reader.Replay(row));
        }
        return true;
    }

    private void TakeUp(RunState state)
    {
        _state = state;
        _summary = RunDetailsBuilder.Summarize(state);
        _armedFor = DateTimeOffset.MaxValue;
        _resumed = true;
        if (state.Status == RunStatus.Running)
        {
            _engine.Admission.Reenter(this);
        }
        else if (state.Status.IsEnded())
        {
            _engine.Admission.Leave(this);
        }
        foreach (var effect in RunMachine.Resume(state))
        {
            Interpret(effect);
        }
    }

    private void AnswerLooks(IEnumerable<Letter> letters)
    {
        foreach (var letter in letters)
        {
            letter.Look?.Invoke(_state);
        }
    }

    // The slot is the invocation's from now on.
    private void HandOver(TakenSlot slot)
    {
        var index = _turnSlots.FindIndex(s => s.Slot == slot);
        if (index >= 0)
        {
            _turnSlots.RemoveAt(index);
        }
    }

    [LoggerMessage(BrokenEventId, LogLevel.Error,
        "Run '{Run}': an error in Agent Grid itself; the run goes on from the journal in {Seconds} s")]
    private static partial void LogBroken(ILogger logger, Exception exception, RunKey run, double seconds);
}
