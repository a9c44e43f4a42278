namespace AgentGrid.Engine.Slots;

/// <summary>Wakes a table when something becomes possible by time alone. Guarded by the table's lock.</summary>
/// <param name="time">Null for a table that is never woken.</param>
internal sealed class SlotTimer(TimeProvider? time, SlotClock clock, Action wake) : IDisposable
{
    private ITimer? _timer;
    private long _due = long.MaxValue;
    private bool _disposed;

    /// <summary>Wakes the table at a time, or earlier if that was asked for.</summary>
    public void Arm(long due)
    {
        if (due >= _due || time is null || _disposed)
        {
            return;
        }
        _due = due;
        _timer ??= time.CreateTimer(static timer => ((SlotTimer)timer!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        // Timers know whole milliseconds: one too early would have to be set again.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(TimeSpan.FromTicks(Math.Max(0, due - clock.Now)).TotalMilliseconds)), Timeout.InfiniteTimeSpan);
    }

    /// <summary>It has woken the table.</summary>
    public void Disarm() => _due = long.MaxValue;

    public void Dispose()
    {
        _disposed = true;
        _timer?.Dispose();
    }

    private void Wake() => wake();
}
