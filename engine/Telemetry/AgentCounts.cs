using System.Collections.Immutable;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Telemetry;

/// <summary>What one agent has done since the engine started.</summary>
public sealed class AgentCounts
{
    private readonly LatencyHistogram _latency = new();
    private readonly List<AgentFailure> _failures = [];
    private long _succeeded;
    private long _failed;
    private long _timedOut;
    private long _cancelled;

    /// <summary>Attempts that succeeded.</summary>
    public long Succeeded => Volatile.Read(ref _succeeded);

    /// <summary>Attempts that failed, other than by running out of time.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Attempts that ran out of time.</summary>
    public long TimedOut => Volatile.Read(ref _timedOut);

    /// <summary>Attempts that were cancelled.</summary>
    public long Cancelled => Volatile.Read(ref _cancelled);

    /// <summary>Of attempts that succeeded; null before the first.</summary>
    public LatencyPercentiles? Latency => _latency.Percentiles();

    /// <summary>What <see cref="Latency"/> is made of.</summary>
    public LatencyHistogram Latencies => _latency;

    internal void Succeed(TimeSpan duration)
    {
        Interlocked.Increment(ref _succeeded);
        _latency.Add(duration);
    }

    /// <summary>The last failure on each node, the newest first.</summary>
    public ImmutableArray<AgentFailure> LastFailures
    {
        get
        {
            lock (_failures)
            {
                return [.. Enumerable.Reverse(_failures)];
            }
        }
    }

    internal void Fail(AgentFailure failure)
    {
        _ = failure.Kind == ErrorKind.Timeout ? Interlocked.Increment(ref _timedOut) : Interlocked.Increment(ref _failed);
        lock (_failures)
        {
            _failures.RemoveAll(f => f.Node == failure.Node);
            if (_failures.Count == AgentFailure.Most)
            {
                _failures.RemoveAt(0);
            }
            _failures.Add(failure);
        }
    }

    internal void Cancel() => Interlocked.Increment(ref _cancelled);
}
