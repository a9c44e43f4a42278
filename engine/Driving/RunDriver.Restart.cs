using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Driving;

// A turn that throws is a mistake in Agent Grid, and what it leaves behind cannot be trusted. So what a crash of the
// process does to every run is done to this one alone: it drops all that it holds, and goes on from the journal. The same
// happens, without a pause, when somebody else has changed the run.
public sealed partial class RunDriver
{
    // What is still to be handled when the run goes on; null while it does.
    private List<Message>? _held;
    private ITimer? _pause;
    private int _breaks;
    private int _holds;
    private Replayed? _replayed;
    private Exception? _failure;

    /// <summary>
    /// Something that the driver has asked for failed because of a mistake in Agent Grid: nobody knows what became of it.
    /// </summary>
    public void Fail(Exception failure)
    {
        if (IsStopping)
        {
            LogStray(_services.Logger, failure, Key);
            return;
        }
        Volatile.Write(ref _failure, failure);
        Post(new Message(null));
    }

    private void Crash(Exception e)
    {
        var pause = RestartPause.After(_breaks++);
        LogBroken(_services.Logger, e, Key, pause.TotalSeconds);
        var broken = _at >= 0 && _at < _reading.Count ? _reading[_at] : default;
        if (broken.Again)
        {
            broken.Reply?.TrySetException(e);
        }
        // Of what was handled nothing lasts, so it is handled again.
        var (at, isCause) = (_at, broken.Again);
        var left = _reading.Where((m, i) => IsKept(m) && !(isCause && i == at) && (m.Reply is null || i >= at));
        List<Message> held =
        [
            .. (_turnReplies ?? []).Concat(_turnEnd.Replies ?? []).Select(static r => r.Message).Concat(left)
                .Select(static m => m with { Again = true }),
        ];
        var looks = _reading.Skip(at + 1).ToArray();
        _reading.Clear();
        _phase = Phase.Begin;
        Hold(held);
        AnswerLooks(looks);
        _pause?.Dispose();
        _pause = _services.Time.CreateTimer(
            static driver => _ = ((RunDriver)driver!).ReplayAsync(), this, pause, Timeout.InfiniteTimeSpan);
    }

    // A turn was not kept.
    private void Lose(TurnOutcome outcome, TurnEnd end)
    {
        if (_isOver)
        {
            Answer(end.Replies);
            return;
        }
        if (outcome == TurnOutcome.Failed)
        {
            _turnEnd = end;
            if (_isStopping)
            {
                Leave();
                return;
            }
            Crash(new IOException("A turn could not be kept in the journal."));
            return;
        }
        if (outcome == TurnOutcome.Gone)
        {
            LogGone(_services.Logger, Key);
            _services.Queue.Leave(this);
            Leave();
            Answer(end.Replies);
            return;
        }
        LogConflict(_services.Logger, Key);
        (end.Orphans ?? []).ForEach(Forget);
        Hold([.. (end.Replies ?? []).Concat(_turnReplies ?? []).Select(static r => r.Message)]);
        _ = ReplayAsync();
    }

    private void Hold(List<Message> messages)
    {
        _held = [.. _held ?? [], .. messages];
        _holds++;
        (_turnReplies, _turnEnd) = (null, TurnEnd.Nothing with { Orphans = _turnEnd.Orphans });
        DropTurn();
        ForgetAll();
    }

    private void DropTurn()
    {
        Answer(_turnReplies);
        Answer(_turnEnd.Replies);
        (_turnOrphans ?? []).ForEach(Forget);
        (_turnEnd.Orphans ?? []).ForEach(Forget);
        (_turnReplies, _turnCalls, _turnOrphans, _turnEnd, _turnKept) = (null, null, null, TurnEnd.Nothing, []);
        _turnEvents.Clear();
        _awaitsTurn = false;
        foreach (var (_, _, slot) in _turnSlots)
        {
            _slots.Release(slot);
        }
        _turnSlots.Clear();
        _timer?.Dispose();
        _timer = null;
    }

    private void ForgetAll()
    {
        foreach (var open in _open.Values)
        {
            Forget(open);
        }
        _open.Clear();
        _joining = 0;
    }

    // What was decided in a turn that was not kept is nothing that anybody may be told.
    private void Answer(List<AwaitedReply>? replies) =>
        replies?.ForEach(r => r.Message.Reply!.TrySetResult(WhyOver));

    private async Task ReplayAsync()
    {
        if (_services.Stopping.IsCancellationRequested)
        {
            return; // the next process takes the run up
        }
        var hold = Volatile.Read(ref _holds);
        Replayed replayed;
        try
        {
            var state = await _services.Platform.Wait(_journal.ReplayAsync(this).AsTask()).ConfigureAwait(false);
            replayed = new Replayed(hold, state, null);
        }
        catch (Exception e)
        {
            replayed = new Replayed(hold, null, e);
        }
        if (!_services.Stopping.IsCancellationRequested)
        {
            Volatile.Write(ref _replayed, replayed);
            Post(new Message(null));
        }
    }

    // What somebody waits for, and what has cost time. Everything else comes anew when the run goes on.
    private static bool IsKept(Message message) =>
        message.Reply is not null || message.Input is RunInput.CompleteAttempt;

    /// <returns>False when the run does not go on yet.</returns>
    private bool Resumes()
    {
        if (Interlocked.Exchange(ref _replayed, null) is not { } replayed || replayed.Hold != _holds)
        {
            _held!.AddRange(_reading.Where(IsKept));
            AnswerLooks(_reading);
            _reading.Clear();
            return false;
        }
        if (replayed.Failure is { } failure)
        {
            throw failure;
        }
        _reading.InsertRange(0, _held!);
        _held = null;
        if (replayed.State is null)
        {
            Lose(TurnOutcome.Gone, TurnEnd.Nothing);
            return true;
        }
        _state = replayed.State;
        _summary = RunDetailsBuilder.Summarize(_state);
        _endIsKept = _state.Status.IsEnded();
        if (_endIsKept)
        {
            _services.Queue.Leave(this);
        }
        Reenter();
        Reload();
        return true;
    }

    private void Reload()
    {
        _resumed = true;
        _drivenSince = _services.Time.GetUtcNow();
        _armedFor = DateTimeOffset.MaxValue;
        if (_state.Status == RunStatus.Running)
        {
            _trace ??= Telemetry.RunTrace.Begin(_state, resumed: true);
        }
        _handedDeliveries = _state.Deliveries.Count;
        Deliver(_state.Deliveries.Where(static d => d.State == DeliveryState.Pending).ToArray());
        foreach (var effect in RunMachine.Resume(_state))
        {
            Interpret(effect);
        }
        MindPlace();
    }

    private void AnswerLooks(IReadOnlyList<Message> messages)
    {
        foreach (var message in messages)
        {
            message.Look?.Invoke(_state);
        }
    }

    /// <param name="Hold">Since when the run was held: what was read for an earlier time may be old.</param>
    private sealed record Replayed(int Hold, RunState? State, Exception? Failure);
}
