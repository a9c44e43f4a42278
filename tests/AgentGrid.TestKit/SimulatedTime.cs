namespace AgentGrid.TestKit;

/// <summary>The clock of one process: it stands still until it is moved, and its timers go with the process.</summary>
public sealed class SimulatedTime(SimulatedClock clock) : TimeProvider
{
    private readonly List<Timer> _timers = [];

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>When the next timer fires; null when there is none.</summary>
    public TimeSpan? NextDue => _timers.Count == 0 ? null : _timers.Min(t => t.Due);

    public override DateTimeOffset GetUtcNow() => clock.WallTime;

    // Never zero: that would be a timestamp like no other.
    public override long GetTimestamp() => clock.Now.Ticks + 1;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        _timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Fires a timer that is due.</summary>
    /// <returns>False when none is.</returns>
    public bool FireOne()
    {
        var due = _timers.Where(t => t.Due <= clock.Now).MinBy(t => t.Due);
        due?.Fire();
        return due is not null;
    }

    private sealed class Timer(SimulatedTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public TimeSpan? Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            Due = dueTime == Timeout.InfiniteTimeSpan ? null : time.Now + dueTime;
            return true;
        }

        public void Fire()
        {
            Due = _period == Timeout.InfiniteTimeSpan ? null : Due + _period;
            callback(state);
        }

        public void Dispose() => time._timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private TimeSpan Now => clock.Now;
}

/// <summary>The time that passes, whatever processes come and go, and what the wall clock makes of it.</summary>
public sealed class SimulatedClock
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public TimeSpan Now { get; private set; }

    /// <summary>How far somebody has set the wall clock forward.</summary>
    public TimeSpan Jump { get; set; }

    public DateTimeOffset WallTime => s_start + Now + Jump;

    public void MoveTo(TimeSpan now) => Now = now > Now ? now : Now;
}
