using System.Collections.Concurrent;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
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
            case RunEvent.AttemptFailed x: Of(x.Agent).Fail(FailureOf(state, x)); break;
            case RunEvent.AttemptCancelled x: Of(x.Agent).Cancel(); break;
            default: break; // not about an attempt's end
        }
    }

    private static AgentFailure FailureOf(RunState state, RunEvent.AttemptFailed e) => new(
        e.Time, state[e.Step].Attempts[e.Attempt - 1].Node, e.Error.Kind, e.Error.Code,
        Names.Shorten(e.Error.Message, AgentFailure.LongestMessage), state.Id, e.Step, e.Attempt)
    {
        Type = e.Error.Type,
    };

    /// <summary>What one agent has done; nothing, when it is not known.</summary>
    public AgentCounts Of(string agent) => _agents.GetOrAdd(agent, static _ => new AgentCounts());
}
