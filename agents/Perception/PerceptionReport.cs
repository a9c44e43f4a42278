using System.Collections.Immutable;

namespace AgentGrid.Agents.Perception;

/// <summary>What <c>perception</c> answers.</summary>
internal sealed record PerceptionReport
{
    public int PlayerCount { get; init; }

    /// <summary>How many players peek at all.</summary>
    public int Peeking { get; init; }
    public int TotalPeeks { get; init; }

    /// <summary>The id of the player with the highest pressure among those who peek; null when nobody does.</summary>
    public string? PrimaryPlayer { get; init; }

    /// <summary>
    /// 0 to 1: of all players together, as the chance that at least one of independent threats comes.
    /// </summary>
    public double Pressure { get; init; }

    /// <summary>Highest pressure first; at most <see cref="PerceptionAnalysis.MaxPlayers"/>.</summary>
    public ImmutableArray<PlayerPerception> Players { get; init; } = [];

    public ImmutableArray<string> Notes { get; init; } = [];
}

/// <summary>What is to be said of one player.</summary>
internal sealed record PlayerPerception
{
    public required string Id { get; init; }
    public string Role { get; init; } = "unknown";
    public int PeekCount { get; init; }

    /// <summary>Seconds on the snapshot's clock, ascending.</summary>
    public ImmutableArray<double> PeekTimes { get; init; } = [];

    /// <summary>Seconds; null with fewer than two peeks.</summary>
    public double? MeanInterval { get; init; }

    /// <summary>
    /// 0 to 1, 1 for equal intervals: 1 / (1 + their coefficient of variation). Null below two intervals.
    /// </summary>
    public double? Regularity { get; init; }

    /// <summary>
    /// By which share of the mean interval each interval is shorter than the one before (least squares); negative
    /// when they grow. Null below two intervals.
    /// </summary>
    public double? Acceleration { get; init; }
    public Tempo Tempo { get; init; }

    /// <summary>0 to 1: how much of a threat the player is.</summary>
    public double Pressure { get; init; }
}

/// <summary>How a player's intervals develop.</summary>
internal enum Tempo
{
    /// <summary>No peeks, or one.</summary>
    None,
    Steady,
    Accelerating,
    Slowing,
}
