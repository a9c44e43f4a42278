using System.Collections.Concurrent;
using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Runtime.Runs;

/// <summary>What the agents have done since the engine started.</summary>
public sealed class AgentStatistics
{
    private readonly ConcurrentDictionary<string, Counts> _agents = new(StringComparer.Ordinal);

    public void Record(RunState state, RunEvent e)
    {
        switch (e)
        {
            case RunEvent.AttemptSucceeded x:
                var attempt = state[x.Step].Attempts[x.Attempt - 1];
                Of(x.Agent).Succeed(x.Time - (attempt.StartedAt ?? x.Time));
                break;
            case RunEvent.AttemptFailed { Error.Kind: ErrorKind.Timeout } x: Interlocked.Increment(ref Of(x.Agent).TimedOut); break;
            case RunEvent.AttemptFailed x: Interlocked.Increment(ref Of(x.Agent).Failed); break;
            case RunEvent.AttemptCancelled x: Interlocked.Increment(ref Of(x.Agent).Cancelled); break;
            default: break; // not about an attempt's end
        }
    }

    public void Abandoned(string agent, int change) => Interlocked.Add(ref Of(agent).Abandoned, change);

    public Counts Of(string agent) => _agents.GetOrAdd(agent, static _ => new Counts());

    public sealed class Counts
    {
        private readonly LatencyHistogram _latency = new();
        private long _succeeded;

        // Fields, because they are counted with Interlocked.
        public long Failed, TimedOut, Cancelled;
        public int Abandoned;

        public long Succeeded => Volatile.Read(ref _succeeded);
        public LatencyPercentiles? Latency => _latency.Percentiles();

        /// <summary>What <see cref="Latency"/> is made of.</summary>
        public LatencyHistogram Latencies => _latency;

        public void Succeed(TimeSpan duration)
        {
            Interlocked.Increment(ref _succeeded);
            _latency.Add(duration);
        }
    }
}
