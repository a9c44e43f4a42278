using System.Diagnostics;

namespace AgentGrid.Cluster.Tests.Processes;

/// <summary>Measures for how long this machine stood still: by how much a timer is late, when it is late by much.</summary>
internal sealed class Standstill : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Much = 3 * Tick;
    private readonly Lock _gate = new();
    private readonly Timer _timer;
    private long _last = Stopwatch.GetTimestamp();
    private TimeSpan _total;

    public Standstill() => _timer = new Timer(_ => Look(), null, Tick, Tick);

    /// <summary>All of it together, since the beginning.</summary>
    public TimeSpan Total
    {
        get
        {
            Look();
            lock (_gate)
            {
                return _total;
            }
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        lock (_gate)
        {
            var elapsed = Stopwatch.GetElapsedTime(_last);
            if (elapsed > Much)
            {
                _total += elapsed - Tick;
            }
            _last = Stopwatch.GetTimestamp();
        }
    }
}
