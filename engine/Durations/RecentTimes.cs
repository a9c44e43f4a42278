namespace AgentGrid.Engine.Durations;

/// <summary>The median of the last numbers, exactly: orders are compared by it, and buckets would hide what makes the difference.</summary>
internal sealed class RecentTimes
{
    /// <summary>How many count.</summary>
    public const int Most = 15;

    private float[] _last = [];
    private int _next;

    /// <summary>How many there were, whatever they count for.</summary>
    public long Count { get; private set; }

    /// <summary>One more.</summary>
    public void Add(double seconds)
    {
        if (_next == _last.Length && _next < Most)
        {
            Array.Resize(ref _last, Math.Min(Most, Math.Max(2, _last.Length * 2)));
        }
        _next = _next == Most ? 0 : _next;
        _last[_next++] = (float)seconds;
        Count++;
    }

    /// <summary>Half of those that count are no longer; 0 when there are none.</summary>
    public double Median()
    {
        var count = (int)Math.Min(Count, _last.Length);
        if (count == 0)
        {
            return 0;
        }
        Span<float> sorted = stackalloc float[count];
        _last.AsSpan(0, count).CopyTo(sorted);
        sorted.Sort();
        return ((double)sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    }
}
