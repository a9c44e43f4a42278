namespace AgentGrid.Core.Plans;

/// <summary>
/// What the backups of a step may cost, over all its runs and within the last <see cref="Window"/>. Where it says both, both hold. One backup
/// in a window is always allowed.
/// </summary>
public sealed record HedgeBudget
{
    public const double DefaultAttempts = 5;

    public static readonly TimeSpan DefaultWindow = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan ShortestWindow = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan LongestWindow = TimeSpan.FromDays(1);

    /// <summary>
    /// How many backups there may be for a hundred other attempts; null where <see cref="GpuSecondsPercent"/> says it alone. Of agents
    /// without a GPU it is <see cref="DefaultAttempts"/> then.
    /// </summary>
    public double? AttemptsPercent { get; init; } = DefaultAttempts;

    /// <summary>How many GPU-seconds backups may have for a hundred of other attempts; null for any number.</summary>
    public double? GpuSecondsPercent { get; init; }

    /// <summary>How long an attempt counts; from a minute to a day.</summary>
    public TimeSpan Window { get; init; } = DefaultWindow;
}
