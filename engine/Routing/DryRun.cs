using AgentGrid.Core.Grid;
using AgentGrid.Core.Routing;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Durations;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Routing;

/// <summary>Who would get an attempt now, and why; starts nothing.</summary>
public static class DryRun
{
    /// <summary>Answers a question as a step with it would be answered.</summary>
    /// <param name="durations">How long agents take, whatever their step.</param>
    public static RoutingDecision Of(RouteQuery query, SlotTable slots, LearnedDurations durations)
    {
        var agents = query.Agent is { } name
            ? slots.Named(name) is { } named ? [named] : []
            : slots.Offering(query.Capabilities);
        var asked = query.Agent is null ? string.Join(" or ", query.Capabilities.Select(static c => $"'{c}'")) : $"'{query.Agent}'";
        return Router.Best([.. agents.Select(a => InTime(a, query.Within, durations))], asked, LabelPreference.Of(query.Prefer));
    }

    private static AgentLoad InTime(AgentLoad load, TimeSpan? within, LearnedDurations durations) => load with
    {
        Late = durations.OfAgent(load.Agent.Name) is { Count: >= RunDriver.LeastForP99 } known
            ? Lateness.Of(known.P99 * DurationQuantiles.Precision, within ?? load.Agent.Timeout)
            : null,
    };
}
