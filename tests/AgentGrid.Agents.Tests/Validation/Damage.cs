using System.Text.Json.Nodes;
using AgentGrid.Core;

namespace AgentGrid.Agents.Tests.Validation;

/// <summary>Breaks good motions in one place.</summary>
internal static class Damage
{
    public static Json To(Json motion, Action<JsonObject> damage)
    {
        var copy = JsonNode.Parse(motion.Utf8.Span)!.AsObject();
        damage(copy);
        return Json.Parse(copy.ToJsonString());
    }

    public static JsonArray Frames(this JsonObject motion) => motion["frames"]!.AsArray();

    /// <summary>Moves joints by that much in all frames from the one named on, or in some.</summary>
    public static void Move(
        this JsonObject motion, Range frames, IEnumerable<int> joints, Func<int, (double X, double Y, double Z)> by)
    {
        var (offset, length) = frames.GetOffsetAndLength(motion.Frames().Count);
        var chosen = joints.ToList();
        for (var frame = offset; frame < offset + length; frame++)
        {
            var (x, y, z) = by(frame - offset);
            foreach (var joint in chosen)
            {
                var position = motion.Frames()[frame]![joint]!.AsArray();
                position[0] = position[0]!.GetValue<double>() + x;
                position[1] = position[1]!.GetValue<double>() + y;
                position[2] = position[2]!.GetValue<double>() + z;
            }
        }
    }
}
