using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Motion;

/// <summary>Finds out what motion an invocation asks for.</summary>
internal static class MotionSource
{
    /// <summary>
    /// The directions among the earlier results, or, where there are none, those that follow from the snapshot; with
    /// <c>duration</c> and <c>fps</c> of the input laid over them.
    /// </summary>
    /// <exception cref="AgentException">Something is out of bounds or has the wrong shape:
    /// <c>bad_input</c>.</exception>
    public static MotionDirections Read(AgentInvocation invocation)
    {
        var (duration, fps) = (MotionLimits.Duration(invocation), MotionLimits.Fps(invocation));
        var prompt = ResultSearch.Find(invocation, v => ResultSearch.Has(v, "directions", JsonValueKind.Object));
        if (prompt is null)
        {
            return DirectionsPlanner.Plan(invocation, duration, fps);
        }
        var directions = Parse(invocation, prompt.Value.GetProperty("directions"));
        directions = directions with { Duration = duration ?? directions.Duration, Fps = fps ?? directions.Fps };
        Check(invocation, "duration", directions.Duration, MotionLimits.MinDuration, MotionLimits.MaxDuration);
        Check(invocation, "fps", directions.Fps, MotionLimits.MinFps, MotionLimits.MaxFps);
        return directions with { Peeks = [.. directions.Peeks.Order()] };
    }

    private static MotionDirections Parse(AgentInvocation invocation, JsonElement element)
    {
        try
        {
            return element.Deserialize<MotionDirections>(Json.Options)!;
        }
        catch (JsonException e)
        {
            throw Parameters.Bad(invocation, $"the directions do not have the expected shape: {e.Message}", e);
        }
    }

    private static void Check(AgentInvocation invocation, string name, double value, double min, double max)
    {
        if (!(value >= min && value <= max))
        {
            throw Parameters.Bad(
                invocation, $"the directions' '{name}' must be a number from {min} to {max}, but is {value}.");
        }
    }
}
