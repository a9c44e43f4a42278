using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;

namespace AgentGrid.Embedded.Store;

/// <summary>The signs of life of the one process that drives the runs of a file, and when there was none last.</summary>
internal sealed class LifeSigns(LifeSign sign) : IDisposable
{
    private readonly Lock _gate = new();
    private DateTimeOffset? _last = sign.Last;
    private bool _isHere;
    private Outage? _outage;

    /// <summary>The process is there to drive runs.</summary>
    /// <param name="longest">When no sign was given for longer, nobody was there.</param>
    /// <returns>When that happened last. Before its first sign this process was not there, and so nobody was.</returns>
    public Outage? Give(DateTimeOffset now, TimeSpan longest)
    {
        lock (_gate)
        {
            if (_last is { } last && last < now && (!_isHere || now - last > longest))
            {
                _outage = new Outage(last, now);
            }
            _isHere = true;
            Note(now);
            return _outage;
        }
    }

    /// <summary>The process ends, if it was there.</summary>
    public void GiveLast(DateTimeOffset now)
    {
        lock (_gate)
        {
            if (_isHere)
            {
                Note(now);
            }
        }
    }

    public void Dispose() => sign.Dispose();

    private void Note(DateTimeOffset now)
    {
        // A clock that was set back makes no time in which nobody was there.
        _last = now;
        sign.Give(now);
    }
}
