using System.Globalization;
using Spectre.Console;

namespace AgentGrid.Cli.Output;

/// <summary>How values look to people.</summary>
internal static class Show
{
    public const string Nothing = "-";

    public static string Time(DateTimeOffset? time) =>
        time?.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? Nothing;

    public static string Clock(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);

    /// <summary>From one moment to another; nothing while either has not come.</summary>
    public static string Span(DateTimeOffset? from, DateTimeOffset? to) => to - from is { } span ? Span(span) : Nothing;

    /// <summary>From a moment to another, or to now while the other has not come.</summary>
    public static string SpanSoFar(DateTimeOffset? from, DateTimeOffset? to, DateTimeOffset now) =>
        from is null || to is not null ? Span(from, to) : $"{Span(from, now)} so far";

    public static string Span(TimeSpan span) => span.TotalSeconds < 60
        ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.000}s")
        : string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalMinutes}m{span.Seconds:00}s");

    public static string Milliseconds(double? ms) =>
        ms is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value:0.##}") : Nothing;

    public static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>A word that says how something stands, in its colour.</summary>
    public static Text Status(string status) => new(PlainText.Of(status), StyleOf(status));

    public static Text Dim(string text) => new(PlainText.Of(text), new Style(decoration: Decoration.Dim));

    private static Style StyleOf(string status) => status switch
    {
        "completed" or "succeeded" => new Style(Color.Green),
        "failed" or "timed_out" => new Style(Color.Red),
        "cancelled" or "skipped" => new Style(Color.Yellow),
        "running" => new Style(Color.Aqua),
        _ => Style.Plain,
    };
}
