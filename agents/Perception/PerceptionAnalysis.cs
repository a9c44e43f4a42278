using System.Collections.Immutable;

namespace AgentGrid.Agents.Perception;

/// <summary>Rhythm and pressure of the players of a snapshot.</summary>
internal static class PerceptionAnalysis
{
    /// <summary>How many players a report lists.</summary>
    public const int MaxPlayers = 64;

    // A change of less than a tenth per interval is what a metronome in human hands does.
    private const double SteadyLimit = 0.1;

    public static PerceptionReport Of(MatchSnapshot snapshot)
    {
        var players = snapshot.Players.Select(Of)
            .OrderByDescending(p => p.Pressure)
            .ThenByDescending(p => p.PeekCount)
            .ThenBy(p => p.Id, StringComparer.Ordinal)
            .ToImmutableArray();
        var notes = players.Length <= MaxPlayers
            ? snapshot.Notes
            : snapshot.Notes.Add($"Of {players.Length} players the {MaxPlayers} with the highest pressure are listed.");
        return new PerceptionReport
        {
            PlayerCount = players.Length,
            Peeking = players.Count(p => p.PeekCount > 0),
            TotalPeeks = players.Sum(p => p.PeekCount),
            PrimaryPlayer = players.FirstOrDefault(p => p.PeekCount > 0)?.Id,
            Pressure = Round(1 - players.Aggregate(1.0, (calm, p) => calm * (1 - p.Pressure))),
            Players = [.. players.Take(MaxPlayers)],
            Notes = notes,
        };
    }

    public static PlayerPerception Of(PlayerSnapshot player)
    {
        var intervals = player.Peeks.Skip(1).Zip(player.Peeks, (later, earlier) => later - earlier).ToArray();
        double? mean = intervals.Length > 0 ? intervals.Average() : null;
        double? acceleration = intervals.Length > 1 ? -Slope(intervals) / mean : null;
        return new PlayerPerception
        {
            Id = player.Id,
            Role = player.Role,
            PeekCount = player.Peeks.Length,
            PeekTimes = player.Peeks,
            MeanInterval = Round(mean),
            Regularity = intervals.Length > 1 ? Round(1 / (1 + Deviation(intervals) / mean)) : null,
            Acceleration = Round(acceleration),
            Tempo = (intervals.Length, acceleration) switch
            {
                (0, _) => Tempo.None,
                (_, > SteadyLimit) => Tempo.Accelerating,
                (_, < -SteadyLimit) => Tempo.Slowing,
                _ => Tempo.Steady,
            },
            Pressure = Pressure(player, mean, acceleration),
        };
    }

    /// <summary>
    /// Half of it is how often the player peeks (levelling off), the rest how close together and how fast that
    /// quickens; weighted by what the role is there for.
    /// </summary>
    private static double Pressure(PlayerSnapshot player, double? meanInterval, double? acceleration)
    {
        double count = player.Peeks.Length;
        var urgency = meanInterval is { } mean ? 1 / (1 + mean) : 0;
        var quickening = Math.Clamp(acceleration ?? 0, 0, 1);
        return Round(RoleWeight(player.Role) * (0.5 * count / (count + 2) + 0.3 * urgency + 0.2 * quickening));
    }

    private static double RoleWeight(string role) => role switch
    {
        "entry" => 1,
        "awper" or "lurker" => 0.9,
        "igl" => 0.75,
        "support" or "anchor" => 0.7,
        _ => 0.8,
    };

    private static double Deviation(double[] values)
    {
        var mean = values.Average();
        return Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / values.Length);
    }

    // Least squares over the values' positions 0, 1, 2, ...
    private static double Slope(double[] values)
    {
        var (centre, mean) = ((values.Length - 1) / 2.0, values.Average());
        var (product, square) = (0.0, 0.0);
        for (var i = 0; i < values.Length; i++)
        {
            product += (i - centre) * (values[i] - mean);
            square += (i - centre) * (i - centre);
        }
        return product / square;
    }

    private static double Round(double value) => Math.Round(value, 4);

    private static double? Round(double? value) => value is { } known ? Math.Round(known, 4) : null;
}
