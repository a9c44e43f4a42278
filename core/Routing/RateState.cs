using System.Globalization;

namespace AgentGrid.Core.Routing;

/// <summary>Where an agent stands in its rate limit at one moment.</summary>
/// <param name="Left">How many attempts could start at once.</param>
/// <param name="NextIn">The time until the next one can; zero when <paramref name="Left"/> is not.</param>
public readonly record struct RateState(int Left, TimeSpan NextIn)
{
    /// <summary>Where it stands in tokens; null where these are not limited.</summary>
    public TokenState? Tokens { get; init; }

    /// <summary>
    /// Why nothing starts now: <c>rate limit: next in 2.4 s</c>, or <c>rate limit: 300 of 1200 tokens left, next in about 2.4 s</c>. Null when
    /// something can.
    /// </summary>
    public string? InWords() => Left > 0 ? null : Tokens is { Left: var left, Estimate: var estimate } && left < estimate
        ? string.Create(CultureInfo.InvariantCulture, $"rate limit: {left} of {estimate} tokens left, next in about {Seconds:0.0} s")
        : string.Create(CultureInfo.InvariantCulture, $"rate limit: next in {Seconds:0.0} s");

    private double Seconds => Math.Ceiling(NextIn.TotalSeconds * 10) / 10;
}

/// <summary>Where an agent stands in the tokens of its rate limit.</summary>
/// <param name="Left">How many there are; 0 also when more were used than there were.</param>
/// <param name="Estimate">How many an attempt is taken to use until it has ended: so many must be left for the next one.</param>
public readonly record struct TokenState(long Left, long Estimate);
