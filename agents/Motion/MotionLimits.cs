using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Motion;

/// <summary>The bounds of a motion, and what a request asks for within them.</summary>
internal static class MotionLimits
{
    public const double MinDuration = 0.1;
    public const double MaxDuration = 60;
    public const double MinFps = 1;
    public const double MaxFps = 120;

    public const double DefaultFps = 30;

    /// <summary>Seconds; where the snapshot decides, a motion is at least and at most this long.</summary>
    public const double ShortestDefault = 2;
    public const double LongestDefault = 20;

    /// <summary>Seconds that the input asks for; null when it does not.</summary>
    /// <exception cref="AgentException">Out of bounds: <c>bad_input</c>.</exception>
    public static double? Duration(AgentInvocation invocation) =>
        Parameters.Number(invocation, "duration", MinDuration, MaxDuration);

    /// <summary>Frames per second that the input asks for; null when it does not.</summary>
    /// <exception cref="AgentException">Out of bounds: <c>bad_input</c>.</exception>
    public static double? Fps(AgentInvocation invocation) => Parameters.Number(invocation, "fps", MinFps, MaxFps);
}
