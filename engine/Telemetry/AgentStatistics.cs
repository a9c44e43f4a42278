using System.Collections.Concurrent;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Telemetry;

/// <summary>What the agents have done since the engine started.</summary>
public sealed class AgentStatistics
{
    private readonly ConcurrentDictionary<string, AgentCounts> _agents = new(StringComparer.Ordinal);

    /// <summary>Counts what an event says of an attempt's end.</summary>
    /// <param name="state">With the event in it.</param>
    public void Record(RunState state, RunEvent e)
    {
        switch (e)
        {
            case RunEvent.AttemptSucceeded x:
                var attempt = state[x.Step].Attempts[x.Attempt - 1];
                Of(x.Agent).Succeed(x.Time - (attempt.StartedAt ?? x.Time));
                break;
            case RunEvent.AttemptFailed { Error.Kind: ErrorKind.Timeout } x: Of(x.Agent).TimeOut(); break;
            case RunEvent.AttemptFailed x: Of(x.Agent).Fail(); break;
            case RunEvent.AttemptCancelled x: Of(x.Agent).Cancel(); break;
            default: break; // not about an attempt's end
        }
    }

    /// <summary>What one agent has done; nothing, when it is not known.</summary>
    public AgentCounts Of(string agent) => _agents.GetOrAdd(agent, static _ => new AgentCounts());
}
