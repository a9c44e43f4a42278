namespace AgentGrid.TestKit;

/// <summary>A clock that stands still until it is moved; timers fire while it moves, in their order.</summary>
public sealed class ManualTime : TimeProvider
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private TimeSpan _set;
    private DateTimeOffset _now = s_start;

    public DateTimeOffset Now => GetUtcNow();

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _now + _set;
        }
    }

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return _now.UtcTicks;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        lock (_gate)
        {
            _timers.Add(timer);
            timer.Change(dueTime, period);
        }
        return timer;
    }

    /// <summary>Sets the wall clock: no time passes.</summary>
    public void Set(TimeSpan change)
    {
        lock (_gate)
        {
            _set += change;
        }
    }

    /// <summary>How much time has passed.</summary>
    public TimeSpan Passed => TimeSpan.FromTicks(GetTimestamp() - s_start.UtcTicks);

    /// <summary>Lets time pass, and fires what becomes due, each at its time.</summary>
    public void Advance(TimeSpan time)
    {
        DateTimeOffset end;
        lock (_gate)
        {
            end = _now + time;
        }
        while (FireNext(end))
        {
        }
    }

    /// <summary>Goes to the next timer, and fires it; nothing happens when there is none.</summary>
    public void FireNext()
    {
        DateTimeOffset? next;
        lock (_gate)
        {
            next = _timers.Min(static t => t.Due);
        }
        if (next is { } due)
        {
            FireNext(due);
        }
    }

    private bool FireNext(DateTimeOffset end)
    {
        ManualTimer? next;
        lock (_gate)
        {
            next = _timers.Where(t => t.Due <= end).MinBy(t => t.Due);
            if (next is null)
            {
                _now = end;
                return false;
            }
            _now = next.Due!.Value > _now ? next.Due.Value : _now;
            next.Take();
        }
        next.Fire();
        return true;
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset? Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                _period = period;
                Due = dueTime == Timeout.InfiniteTimeSpan ? null : time._now + dueTime;
            }
            return true;
        }

        /// <summary>It is due, and is about to fire.</summary>
        public void Take() => Due = _period == Timeout.InfiniteTimeSpan ? null : Due + _period;

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
