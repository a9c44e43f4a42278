namespace AgentGrid.Engine;

/// <summary>
/// The wall clock without its jumps. Time goes on as the processor counts it; where the wall clock says something else,
/// because somebody set it or the machine slept, this one approaches it by a tenth of the time that passes. Timeouts are
/// wrong by a tenth at most then, rather than an hour early or late, and times in the journal never go back.
/// </summary>
public sealed class SteadyClock(TimeProvider source) : TimeProvider
{
    private static readonly long Tolerance = TimeSpan.FromMilliseconds(50).Ticks;

    private readonly Lock _gate = new();
    private long _timestamp = source.GetTimestamp();
    private long _ticks = source.GetUtcNow().UtcTicks;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => source.LocalTimeZone;

    /// <inheritdoc/>
    public override long TimestampFrequency => source.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            var timestamp = source.GetTimestamp();
            var passed = source.GetElapsedTime(_timestamp, timestamp).Ticks;
            _timestamp = timestamp;
            _ticks += passed;
            var behind = source.GetUtcNow().UtcTicks - _ticks;
            // What is within the tolerance is followed at once, as long as that does not mean going back.
            var most = Math.Abs(behind) <= Tolerance ? Math.Max(passed, behind) : passed / 10;
            _ticks += Math.Clamp(behind, -Math.Min(most, passed), most);
            return new DateTimeOffset(_ticks, TimeSpan.Zero);
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => source.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        source.CreateTimer(callback, state, dueTime, period);
}
