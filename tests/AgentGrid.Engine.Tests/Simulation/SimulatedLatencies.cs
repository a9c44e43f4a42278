using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Durations;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>Agents that are warm on every other node, and take as long as the seed says.</summary>
internal sealed class SimulatedLatencies(World world) : ILatencies
{
    public bool IsWarm(string agent, string node) => IsReady(agent, node) || world.Mistake == Mistake.HedgesColdStarts;

    public Latency Of(RunState run, StepState step, string agent, int percent, int least) =>
        least == RunDriver.LeastForP99 ? new Latency(world.Mistake == Mistake.ForgetsDurations ? null : P99Of(agent), least)
        : world.Chance(20) ? new Latency(null, least - 1) : new Latency(TimeSpan.FromMilliseconds(world.Random.Next(200)), least);

    /// <summary>As it is known to all silos.</summary>
    public static TimeSpan P99Of(string agent) => TimeSpan.FromSeconds(1 + (2 * (agent[^1] - '0')));

    public static bool IsReady(string agent, string node) => (agent[^1] + node[^1]) % 3 > 0;
}
