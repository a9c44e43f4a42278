using System.Globalization;

namespace AgentGrid.Core.Routing;

/// <summary>What the attempts of a step go by among those of their run, where it is known how long steps take.</summary>
/// <param name="By">In which of the usual orders.</param>
/// <param name="Seconds">The longest path that begins with the step; in the order of the longest step its own work.</param>
public readonly record struct Urgency(UrgencyKind By, double Seconds)
{
    /// <summary>Higher goes first; equals go in the order in which they came.</summary>
    public double Rank => By == UrgencyKind.FirstCome ? 0 : Seconds;

    /// <summary>As a decision has it: <c>4.2 s of work behind it</c>.</summary>
    public string InWords() => By switch
    {
        UrgencyKind.LongestPath => $"{Text(Seconds)} of work behind it",
        UrgencyKind.LongestStep => $"{Text(Seconds)} of work in it",
        UrgencyKind.FirstCome => "in the order in which they came",
        _ => throw new InvalidOperationException($"Unknown order {By}."),
    };

    private static string Text(double seconds) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Round(seconds, seconds < 1 ? 3 : 1)} s");
}

/// <summary>The orders of list scheduling.</summary>
public enum UrgencyKind
{
    /// <summary>What holds up the longest path goes first.</summary>
    LongestPath,

    /// <summary>What takes longest itself goes first.</summary>
    LongestStep,

    /// <summary>First come, first served.</summary>
    FirstCome,
}
