using AgentGrid.Core;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Simulation.Grid;

namespace AgentGrid.Simulation.Faults;

/// <summary>
/// Agents that take as long as somebody says, as a journal says, or a tenth to a half of their timeout; and fail or hang now
/// and then.
/// </summary>
internal sealed class MadeUpAgents(FaultOptions options, Random random) : IAgentModel
{
    private static readonly DurationRange s_shareOfTimeout = new(TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(0.5));

    private readonly Dictionary<(Plan Plan, string Step), Json> _madeUp = [];

    public SimulatedAnswer Ask(OpenAttempt attempt)
    {
        var (plan, step, state) = (attempt.Run.Plan, attempt.Step.Id, attempt.State);
        var drawn = options.Samples?.Draw(plan.Name, step, state.Agent, TimeSpan.Zero, random);
        var after = options.Durations.TryGetValue(state.Agent, out var range) ? range.Draw(random)
            : drawn?.Duration ?? (state.Deadline - state.StartedAt!.Value) * s_shareOfTimeout.Draw(random).TotalSeconds;
        var luck = random.NextDouble();
        if (luck < options.Hangs)
        {
            return SimulatedAnswer.Never;
        }
        if (luck < options.Hangs + options.Failures)
        {
            return new SimulatedAnswer(after, null, new RunError(ErrorKind.Error, "simulated", $"Agent '{state.Agent}' fails here by chance."));
        }
        // What a sample came to that had failed says nothing.
        return new SimulatedAnswer(after, options.Outputs.GetValueOrDefault(step) ?? drawn?.Output ?? MadeUp(plan, step), null);
    }

    private Json MadeUp(Plan plan, string step)
    {
        if (!_madeUp.TryGetValue((plan, step), out var value))
        {
            _madeUp.Add((plan, step), value = MadeUpValues.Of(plan, step));
        }
        return value;
    }
}
