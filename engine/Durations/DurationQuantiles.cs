namespace AgentGrid.Engine.Durations;

/// <summary>How long something takes, by what was seen of it.</summary>
/// <param name="Count">How many times it was seen; older ones count less in the quantiles.</param>
/// <param name="P50">Half of them take no longer; within 2%, as the others are.</param>
/// <param name="P95">95 of 100 take no longer.</param>
/// <param name="P99">99 of 100 take no longer.</param>
public readonly record struct DurationQuantiles(long Count, TimeSpan P50, TimeSpan P95, TimeSpan P99)
{
    /// <summary>What was seen is at most so many times a quantile.</summary>
    public const double Precision = 1.02;
}
