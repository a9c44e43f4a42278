using System.Collections.Immutable;
using AgentGrid.Agents.Perception;

namespace AgentGrid.Agents.Motion;

/// <summary>What a motion is to show: the structured half of the prompt generator's answer.</summary>
internal sealed record MotionDirections
{
    /// <summary>The id of the player who is animated; null when nobody peeks.</summary>
    public string? Player { get; init; }
    public string Role { get; init; } = "unknown";

    /// <summary>The time of the first frame on the snapshot's clock, in seconds.</summary>
    public double Start { get; init; }

    /// <summary>Seconds.</summary>
    public double Duration { get; init; } = MotionLimits.ShortestDefault;

    /// <summary>Frames per second.</summary>
    public double Fps { get; init; } = MotionLimits.DefaultFps;
    public Tempo Tempo { get; init; }

    /// <summary>0 to 1.</summary>
    public double Pressure { get; init; }

    /// <summary>When the player is furthest out, in seconds on the snapshot's clock.</summary>
    public ImmutableArray<double> Peeks { get; init; } = [];
}
