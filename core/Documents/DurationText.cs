using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AgentGrid.Core.Documents;

/// <summary>
/// Durations as people write them: <c>15s</c>, <c>200ms</c>, <c>1.5s</c>, <c>2m</c>, <c>1m30s</c>, <c>0s</c>. The
/// units are d, h, m, s and ms, each at most once and the larger first. <c>72:00:00</c> is 72 hours: hours, minutes
/// and seconds, and days before them as in <c>1.12:00:00</c>. A plain number is not a duration.
/// </summary>
public static partial class DurationText
{
    private const int LongestText = 40;

    private static readonly (string Unit, long Ticks)[] s_units =
    [
        ("d", TimeSpan.TicksPerDay),
        ("h", TimeSpan.TicksPerHour),
        ("m", TimeSpan.TicksPerMinute),
        ("s", TimeSpan.TicksPerSecond),
        ("ms", TimeSpan.TicksPerMillisecond),
    ];

    /// <summary>The longest duration that can be written.</summary>
    public static readonly TimeSpan Max = TimeSpan.FromDays(365);

    /// <summary>Reads a duration; null, with a problem that names the remedy, when the text is not one.</summary>
    public static TimeSpan? Parse(string text, out string? problem)
    {
        problem = null;
        if (text.Length is 0 or > LongestText)
        {
            return Fail(text, "is not a duration", out problem);
        }
        if (text[0] == '-')
        {
            return Fail(text, "is negative, and a duration is 0s or longer", out problem);
        }
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _))
        {
            problem = $"'{text}' has no unit: write {text}s, or use another of d, h, m, s and ms.";
            return null;
        }
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return Clock().Match(text) is { Success: true } clock
                ? Within(text, TicksOf(clock), out problem)
                : Fail(text, "is not a time of hours, minutes and seconds, such as 72:00:00 or 00:00:30", out problem);
        }
        var ticks = 0m;
        var rest = text.AsSpan();
        var allowed = s_units.AsSpan();
        while (!rest.IsEmpty)
        {
            if (!TakePart(ref rest, ref allowed, out var part))
            {
                return Fail(text, "is not a duration", out problem);
            }
            ticks += part;
        }
        return Within(text, ticks, out problem);
    }

    /// <summary>Writes a duration so that <see cref="Parse"/> gives the same one: <c>1m30s</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration < TimeSpan.Zero)
        {
            return $"-{Format(duration.Negate())}";
        }
        if (duration > TimeSpan.Zero && duration < TimeSpan.FromSeconds(1))
        {
            return string.Create(
                CultureInfo.InvariantCulture, $"{(decimal)duration.Ticks / TimeSpan.TicksPerMillisecond:0.####}ms");
        }
        var text = new StringBuilder();
        var hours = duration.Ticks / TimeSpan.TicksPerHour;
        if (hours > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{hours}h");
        }
        if (duration.Minutes > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{duration.Minutes}m");
        }
        var seconds = (decimal)(duration.Ticks % TimeSpan.TicksPerMinute) / TimeSpan.TicksPerSecond;
        if (seconds > 0 || text.Length == 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{seconds:0.#######}s");
        }
        return text.ToString();
    }

    /// <summary>Takes a number and its unit; leaves only the smaller units allowed.</summary>
    private static bool TakePart(
        ref ReadOnlySpan<char> rest, ref Span<(string Unit, long Ticks)> allowed, out decimal ticks)
    {
        ticks = 0;
        var digits = rest.IndexOfAnyExcept("0123456789.");
        if (digits <= 0 || !char.IsAsciiDigit(rest[0]) || !char.IsAsciiDigit(rest[digits - 1])
            || !decimal.TryParse(
                rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }
        rest = rest[digits..];
        var length = rest.IndexOfAnyExceptInRange('a', 'z');
        var unit = length < 0 ? rest : rest[..length];
        for (var i = 0; i < allowed.Length; i++)
        {
            if (unit.SequenceEqual(allowed[i].Unit))
            {
                // Numbers beyond this would overflow below, and are too long in any unit.
                ticks = Math.Min(number, 1e12m) * allowed[i].Ticks;
                rest = rest[unit.Length..];
                allowed = allowed[(i + 1)..];
                return true;
            }
        }
        return false;
    }

    private static decimal TicksOf(Match clock)
    {
        // No group has more digits than a decimal takes; what is left out counts nothing.
        decimal Part(string group) => clock.Groups[group] is { Success: true, Value: var digits }
            ? decimal.Parse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture)
            : 0;
        return (Part("d") * TimeSpan.TicksPerDay) + (Part("h") * TimeSpan.TicksPerHour)
            + (Part("m") * TimeSpan.TicksPerMinute) + (Part("s") * TimeSpan.TicksPerSecond);
    }

    private static TimeSpan? Within(string text, decimal ticks, out string? problem)
    {
        problem = ticks > Max.Ticks ? $"'{text}' is too long: at most {Max.Days}d." : null;
        return problem is null ? TimeSpan.FromTicks((long)Math.Round(ticks)) : null;
    }

    private static TimeSpan? Fail(string text, string what, out string? problem)
    {
        problem = $"'{Names.Shorten(text)}' {what}: write a number and a unit (d, h, m, s, ms), such as 15s, 200ms " +
            "or 1m30s.";
        return null;
    }

    // Where there are days, the hours are those of a day, as .NET writes it.
    [GeneratedRegex(
        @"^(?:(?<d>[0-9]{1,8})\.(?<h>[01]?[0-9]|2[0-3])|(?<h>[0-9]{1,8}))" +
        @":(?<m>[0-5][0-9]):(?<s>[0-5][0-9](?:\.[0-9]{1,7})?)\z",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Clock();
}
