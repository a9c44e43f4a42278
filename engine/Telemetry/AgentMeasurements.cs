using System.Diagnostics.Metrics;
using AgentGrid.Core.Routing;

namespace AgentGrid.Engine.Telemetry;

/// <summary>Numbers of agents, as gauges show them.</summary>
public static class AgentMeasurements
{
    /// <summary>One number of each agent, by the agent and its queue.</summary>
    public static IEnumerable<Measurement<int>> Measure(this IEnumerable<AgentLoad> loads, Func<AgentLoad, int> value) =>
        loads.Select(a => new Measurement<int>(
            value(a),
            new KeyValuePair<string, object?>("agent", a.Agent.Name),
            new KeyValuePair<string, object?>("queue", a.Agent.Queue)));
}
