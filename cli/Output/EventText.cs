using System.Globalization;
using System.Text.Json;
using AgentGrid.Cli.Client;

namespace AgentGrid.Cli.Output;

/// <summary>An event as one line.</summary>
internal static class EventText
{
    private const int LongestMeta = 200;

    /// <param name="withRun">Whether the line says which run it is about.</param>
    public static string Of(FeedLine line, bool withRun)
    {
        var who = withRun ? $"{line.MatchId}/{line.Round}  " : "";
        var attempt = line.Attempt > 1 ? string.Create(CultureInfo.InvariantCulture, $" #{line.Attempt}") : "";
        var about = About(line) is { Length: > 0 } text ? $"  {text}" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{line.Seq,6}  {Show.Clock(line.Time)}  {who}{line.Stage}{attempt}{about}");
    }

    /// <summary>What is worth knowing besides the stage.</summary>
    public static string About(FeedLine line)
    {
        if (line.Meta.ValueKind != JsonValueKind.Object)
        {
            return "";
        }
        if (line.Text("error") is { } error)
        {
            return $"{line.Text("code")}: {error}";
        }
        var text = line.Text("message") ?? line.Text("reason") ?? line.Text("why");
        if (text is null && line.Meta.EnumerateObject().Any())
        {
            text = string.Join(", ", line.Meta.EnumerateObject().Select(m => $"{m.Name}: {m.Value}"));
        }
        return text is null ? "" : text.Length <= LongestMeta ? text : $"{text[..LongestMeta]}...";
    }
}
