using System.Globalization;

namespace AgentGrid.Core.Routing;

/// <summary>Where an agent stands in its rate limit at one moment.</summary>
/// <param name="Left">How many attempts could start at once.</param>
/// <param name="NextIn">The time until the next one can; zero when <paramref name="Left"/> is not.</param>
public readonly record struct RateState(int Left, TimeSpan NextIn)
{
    /// <summary>Why nothing starts now: <c>rate limit: next in 2.4 s</c>. Null when something can.</summary>
    public string? InWords() => Left > 0 ? null : string.Create(
        CultureInfo.InvariantCulture, $"rate limit: next in {Math.Ceiling(NextIn.TotalSeconds * 10) / 10:0.0} s");
}
