namespace AgentGrid.Engine.Invocations;

/// <summary>Lets the first report of an attempt's progress through, and then one in 100 milliseconds at most.</summary>
/// <remarks>Mutable: keep it in a field. Two reports at once may both get through, which harms nobody.</remarks>
public struct ProgressThrottle
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    private long _last;

    /// <summary>Whether a report that is made now is to be passed on.</summary>
    public bool Admits(TimeProvider time)
    {
        var now = time.GetTimestamp();
        if (_last != 0 && time.GetElapsedTime(_last, now) < s_interval)
        {
            return false;
        }
        _last = now;
        return true;
    }
}
