namespace AgentGrid.Engine.Driving;

/// <summary>How long a run pauses after a turn that broke: a mistake that comes again is met ever more slowly.</summary>
public static class RestartPause
{
    private const double LongestSeconds = 60;

    /// <param name="breaks">How many turns of the run had broken before.</param>
    public static TimeSpan After(int breaks) => TimeSpan.FromSeconds(Math.Min(LongestSeconds, Math.Pow(2, breaks)));
}
