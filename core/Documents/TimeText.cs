using System.Globalization;

namespace AgentGrid.Core.Documents;

/// <summary>
/// Moments as people write them, by ISO 8601 and always with the offset from UTC: <c>2026-01-05T03:00:00Z</c>,
/// <c>2026-01-05T03:00+01:00</c>. Seconds and their fractions, of seven digits at most, can be left out.
/// </summary>
public static class TimeText
{
    /// <summary>What is expected, for messages.</summary>
    public const string Expected = "a time with its offset from UTC, such as 2026-01-05T03:00:00Z";

    private static readonly string[] s_formats = ["yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    /// <summary>Reads a moment; null when the text is none, or says nothing of its offset.</summary>
    public static DateTimeOffset? Parse(string text) =>
        text.LastIndexOfAny(['Z', '+', '-']) > text.IndexOf('T', StringComparison.Ordinal)
        && DateTimeOffset.TryParseExact(text, s_formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? time
            : null;

    /// <summary>Writes a moment in UTC, to the second.</summary>
    public static string Format(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
