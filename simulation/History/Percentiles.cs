namespace AgentGrid.Simulation.History;

/// <summary>Many times, and what they come to. Of none all numbers are null.</summary>
public sealed class Percentiles
{
    private readonly List<double> _seconds = [];
    private bool _isSorted = true;

    /// <summary>Adds one.</summary>
    public void Add(TimeSpan time)
    {
        _seconds.Add(time.TotalSeconds);
        _isSorted = false;
    }

    /// <summary>How many there are.</summary>
    public int Count => _seconds.Count;

    /// <summary>All of them together.</summary>
    public double Sum => _seconds.Sum();

    /// <summary>The smallest time that a share of all is not longer than, in seconds to the millisecond.</summary>
    /// <param name="share">0 to 1.</param>
    public double? At(double share)
    {
        if (_seconds.Count == 0)
        {
            return null;
        }
        if (!_isSorted)
        {
            _seconds.Sort();
            _isSorted = true;
        }
        var rank = (int)Math.Ceiling(share * _seconds.Count) - 1;
        return Math.Round(_seconds[Math.Clamp(rank, 0, _seconds.Count - 1)], 3);
    }
}
