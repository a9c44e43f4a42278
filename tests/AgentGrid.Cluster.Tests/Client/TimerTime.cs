namespace AgentGrid.Cluster.Tests.Client;

/// <summary>A clock that jumps from timer to timer, when it is told to: nothing that waits is ever overtaken.</summary>
internal sealed class TimerTime : TimeProvider
{
    private readonly List<Timer> _timers = [];
    private TimeSpan _now;

    /// <summary>How much time has passed.</summary>
    public TimeSpan Passed
    {
        get
        {
            lock (_timers)
            {
                return _now;
            }
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Passed.Ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Passed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Goes to the next timer, and fires it; nothing happens when there is none.</summary>
    public void FireNext()
    {
        Timer? next;
        lock (_timers)
        {
            next = _timers.MinBy(t => t.Due);
            if (next is null)
            {
                return;
            }
            _timers.Remove(next);
            _now = next.Due;
        }
        next.Fire();
    }

    private sealed class Timer(TimerTime time, TimerCallback callback, object? state) : ITimer
    {
        public TimeSpan Due { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._timers)
            {
                time._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = time._now + dueTime;
                    time._timers.Add(this);
                }
            }
            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
