using AgentGrid.Agents.Perception;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Motion;

/// <summary>Turns what was perceived into directions for one body: the primary player's.</summary>
internal static class DirectionsPlanner
{
    // Room to arrive before the first peek, and to be back in cover after the last.
    private const double Lead = 1;
    private const double Tail = 1;

    public static MotionDirections Plan(AgentInvocation invocation, double? duration, double? fps) =>
        Plan(PerceptionAnalysis.Of(MatchSnapshot.Read(invocation)), duration, fps);

    public static MotionDirections Plan(PerceptionReport report, double? duration, double? fps)
    {
        var player = report.Players.FirstOrDefault(p => p.Id == report.PrimaryPlayer && p.PeekCount > 0);
        var directions = new MotionDirections
        {
            Duration = duration ?? MotionLimits.ShortestDefault,
            Fps = fps ?? MotionLimits.DefaultFps,
        };
        if (player is null || player.PeekTimes.IsEmpty)
        {
            return directions;
        }
        var (first, last) = (player.PeekTimes.Min(), player.PeekTimes.Max());
        var longest = duration ?? MotionLimits.LongestDefault;

        // A motion begins where the snapshot's clock does, unless its peeks come too late for that.
        var start = last + Tail <= longest ? 0 : Math.Max(0, Math.Floor(first - Lead));
        var needed = Math.Ceiling((last - start + Tail) * 10) / 10;
        return directions with
        {
            Player = player.Id,
            Role = player.Role,
            Start = start,
            Duration = duration ?? Math.Clamp(needed, MotionLimits.ShortestDefault, MotionLimits.LongestDefault),
            Tempo = player.Tempo,
            Pressure = player.Pressure,
            Peeks = player.PeekTimes,
        };
    }
}
