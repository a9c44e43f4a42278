using System.Globalization;

namespace AgentGrid.Core.Routing;

/// <summary>An agent whose last attempts have failed.</summary>
/// <param name="InARow">How many, without one that succeeded between them.</param>
/// <param name="IsOpen">So many that others are asked first.</param>
/// <param name="NextTryIn">The time until an attempt is to find out whether it works again; zero when one may now.</param>
public readonly record struct FailingState(int InARow, bool IsOpen, TimeSpan NextTryIn)
{
    /// <summary>It is not asked while others can be.</summary>
    public bool IsAvoided => IsOpen && NextTryIn > TimeSpan.Zero;

    /// <summary>Why others are asked: <c>failing: 5 in a row, next try in 12 s</c>.</summary>
    public string InWords() => string.Create(
        CultureInfo.InvariantCulture, $"failing: {InARow} in a row, next try {(IsAvoided ? $"in {Math.Ceiling(NextTryIn.TotalSeconds):0} s" : "now")}");
}
