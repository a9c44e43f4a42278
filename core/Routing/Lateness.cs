using System.Globalization;

namespace AgentGrid.Core.Routing;

/// <summary>An agent whose attempts often take longer than the time that is left.</summary>
/// <param name="P99">99 of 100 of its attempts take no longer.</param>
/// <param name="Left">What an attempt has that starts now: its timeout, or less where its run ends before.</param>
public sealed record Lateness(TimeSpan P99, TimeSpan Left)
{
    /// <summary>Null for an agent that makes it, or of which that is not known.</summary>
    public static Lateness? Of(TimeSpan? p99, TimeSpan left) =>
        p99 is { } longest && longest > left ? new Lateness(longest, left) : null;

    /// <summary>Why others are asked: <c>p99 8.2 s is over the 5 s that are left</c>.</summary>
    public string InWords() => string.Create(
        CultureInfo.InvariantCulture, $"p99 {Up(P99):0.###} s is over the {Math.Max(0, Left.TotalSeconds):0.##} s that are left");

    // Never rounded down to what it is over.
    private static double Up(TimeSpan time)
    {
        var unit = time.TotalSeconds < 1 ? 1_000 : 100;
        return Math.Ceiling(time.TotalSeconds * unit) / unit;
    }
}
