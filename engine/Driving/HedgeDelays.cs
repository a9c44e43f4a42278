using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Durations;

namespace AgentGrid.Engine.Driving;

/// <summary>How long an attempt is waited for before a backup is asked.</summary>
public static class HedgeDelays
{
    /// <summary>With fewer attempts no percentile is taken: a few slow ones would be all there is to go by.</summary>
    public const int LeastAttempts = 20;

    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>As the plan says it, by what is known of the agent now.</summary>
    /// <param name="node">Where the attempt runs.</param>
    public static HedgeDelay Of(Hedge hedge, ILatencies latencies, RunState run, StepState step, string agent, string node)
    {
        if (!latencies.IsWarm(agent, node))
        {
            return HedgeDelay.ColdStart;
        }
        if (hedge.Percentile is not { } percent)
        {
            return HedgeDelay.Fixed(hedge);
        }
        var known = latencies.Of(run, step, agent, percent, LeastAttempts);
        return known.Time is { } time
            ? new HedgeDelay(time < s_shortest ? s_shortest : time, $"p{percent} of {known.Count} attempts")
            : new HedgeDelay(null, $"no backup is asked: {known.Count} attempts are known, and p{percent} is taken of {LeastAttempts} or more");
    }

    /// <summary>What an attempt counts for in the budget of its step; null where the step has no backups by budget.</summary>
    internal static HedgedStep? StepOf(RunState run, StepState step, AttemptState? attempt) => step.Step.Hedge is not { } hedge
        ? null
        : new HedgedStep(
            $"{(run.Inline ? "inline:" : "")}{run.Plan.Name}/{step.Id}", hedge.Budget,
            // What is delivered again has been counted.
            attempt is { IsHedge: true, StartedAt: null });
}
