namespace AgentGrid.Kinds.Onnx.Batches;

/// <summary>The median of the last runs.</summary>
internal sealed class UsualTime
{
    private const int Kept = 31;

    private readonly TimeSpan[] _last = new TimeSpan[Kept];
    private int _count;

    /// <summary>Nothing before the first run.</summary>
    public TimeSpan Median { get; private set; }

    public void Add(TimeSpan time)
    {
        _last[_count++ % Kept] = time;
        var sorted = _last[..Math.Min(_count, Kept)];
        Array.Sort(sorted);
        Median = sorted[sorted.Length / 2];
    }
}
