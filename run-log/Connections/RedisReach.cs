namespace AgentGrid.RunLog.Connections;

/// <summary>For how long this silo has reached Redis, or has not. Told by whoever tries regularly.</summary>
public sealed class RedisReach(TimeProvider time)
{
    private readonly Lock _gate = new();
    private long? _wellSince;
    private long? _awaySince;

    /// <summary>Null: it was not reached the last time, or nobody has tried yet.</summary>
    public TimeSpan? WellFor
    {
        get
        {
            lock (_gate)
            {
                return _wellSince is { } since ? time.GetElapsedTime(since) : null;
            }
        }
    }

    /// <summary>Since the first try that failed; null: it was reached the last time, or nobody has tried yet.</summary>
    public TimeSpan? AwayFor
    {
        get
        {
            lock (_gate)
            {
                return _awaySince is { } since ? time.GetElapsedTime(since) : null;
            }
        }
    }

    /// <summary>A try has succeeded.</summary>
    public void Reached()
    {
        lock (_gate)
        {
            _awaySince = null;
            _wellSince ??= time.GetTimestamp();
        }
    }

    /// <summary>A try has failed.</summary>
    /// <param name="tried">When it began, as <see cref="TimeProvider.GetTimestamp"/> has it.</param>
    public void Missed(long tried)
    {
        lock (_gate)
        {
            _wellSince = null;
            _awaySince ??= tried;
        }
    }
}
