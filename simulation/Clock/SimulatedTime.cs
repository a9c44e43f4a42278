namespace AgentGrid.Simulation.Clock;

/// <summary>
/// The clock of one process: it stands still until it is moved, and its timers go with the process. Of timers that are due
/// at the same time the one is first that was set first.
/// </summary>
public sealed class SimulatedTime(SimulatedClock clock) : TimeProvider
{
    // A timer that was set anew, or is gone, is passed over when its old turn comes.
    private readonly PriorityQueue<(Timer Timer, long Set), (TimeSpan Due, long Order)> _due = new();
    private long _order;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>When the next timer fires; null when there is none.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            while (_due.TryPeek(out var next, out var at))
            {
                if (next.Timer.IsSet(next.Set))
                {
                    return at.Due;
                }
                _due.Dequeue();
            }
            return null;
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => clock.WallTime;

    /// <inheritdoc/>
    public override long GetTimestamp() => clock.Now.Ticks + 1; // never zero: that would be a timestamp like no other

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Does something once, later.</summary>
    /// <returns>To be disposed where it is not to be done any more.</returns>
    public ITimer After(TimeSpan time, Action act) =>
        CreateTimer(static act => ((Action)act!)(), act, time > TimeSpan.Zero ? time : TimeSpan.Zero, Timeout.InfiniteTimeSpan);

    /// <summary>Fires a timer that is due.</summary>
    /// <returns>False when none is.</returns>
    public bool FireOne()
    {
        if (NextDue is not { } due || due > clock.Now)
        {
            return false;
        }
        _due.Dequeue().Timer.Fire(due);
        return true;
    }

    private sealed class Timer(SimulatedTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimerCallback? _callback = callback;
        private object? _state = state;
        private TimeSpan _period;
        private long _set = -1;

        public bool IsSet(long set) => _set == set;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            Set(dueTime == Timeout.InfiniteTimeSpan ? null : time.Now + dueTime);
            return true;
        }

        public void Fire(TimeSpan due)
        {
            Set(_period == Timeout.InfiniteTimeSpan ? null : due + _period);
            _callback?.Invoke(_state);
        }

        // What it was for is let go of, though its turn may be far off.
        public void Dispose() => (_set, _callback, _state) = (-1, null, null);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Set(TimeSpan? due)
        {
            if (due is not { } at || _callback is null)
            {
                _set = -1;
                return;
            }
            _set = time._order++;
            time._due.Enqueue((this, _set), (at, _set));
        }
    }

    private TimeSpan Now => clock.Now;
}
