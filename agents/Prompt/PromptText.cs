using System.Globalization;
using System.Text;
using AgentGrid.Agents.Motion;
using AgentGrid.Agents.Perception;

namespace AgentGrid.Agents.Prompt;

/// <summary>Words a motion prompt.</summary>
internal static class PromptText
{
    private const int ListedTimes = 8;

    public static string Write(PerceptionReport report, MotionDirections directions)
    {
        var text = new StringBuilder();
        var player = report.Players.FirstOrDefault(p => p.Id == directions.Player);
        if (player is null)
        {
            text.Append("A player waits in cover, feet planted, weapon raised, and does not peek.");
        }
        else
        {
            text.Append($"{Article(player.Role)} player ({player.Id}) holds cover, feet planted, weapon raised, and ")
                .Append($"leans out and back {Times(player.PeekCount)}, furthest at {List(player)}. ")
                .Append(Rhythm(player));
        }
        var self = player is null ? 0 : 1;
        var (others, peeking) = (report.PlayerCount - self, report.Peeking - self);
        if (others > 0)
        {
            var who = others == 1 ? "player" : "players";
            text.Append($" {others} more {who} around, {(peeking == 0 ? "none" : peeking)} peeking.");
        }
        text.Append(Invariant($" {Mood(report.Pressure)} ({report.Pressure:0.##})."));
        text.Append(Invariant($" {directions.Duration:0.##} s at {directions.Fps:0.##} frames per second,"));
        return text.Append(Invariant($" from {directions.Start:0.##} s.")).ToString();
    }

    private static string Article(string role) => role is "" or "unknown"
        ? "A"
        : (role[0] is 'a' or 'e' or 'i' or 'o' or 'u' ? "An " : "A ") + role;

    private static string Times(int count) => count switch { 1 => "once", 2 => "twice", _ => $"{count} times" };

    private static string List(PlayerPerception player)
    {
        var listed = string.Join(", ", player.PeekTimes.Take(ListedTimes).Select(t => Invariant($"{t:0.###} s")));
        var left = player.PeekTimes.Length - ListedTimes;
        return left > 0 ? $"{listed} and {left} more" : listed;
    }

    private static string Rhythm(PlayerPerception player) => player.MeanInterval is not { } mean
        ? "There is no rhythm yet."
        : Invariant($"The rhythm is {Word(player.Tempo)}, {mean:0.##} s from peek to peek on average.");

    private static string Word(Tempo tempo) => tempo switch
    {
        Tempo.Accelerating => "quickening",
        Tempo.Slowing => "slowing",
        _ => "steady",
    };

    private static string Mood(double pressure) => pressure switch
    {
        >= 0.7 => "High pressure",
        >= 0.35 => "Some pressure",
        > 0 => "Little pressure",
        _ => "No pressure",
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
