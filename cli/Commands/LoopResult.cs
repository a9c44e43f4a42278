namespace AgentGrid.Cli.Commands;

/// <summary>What was measured.</summary>
/// <param name="Runs">Runs that ended within the measured time.</param>
/// <param name="P50Ms">From the post to the end of its run, in milliseconds; null when no run ended.</param>
/// <param name="Failed">Those of the runs that were not completed.</param>
/// <param name="Refused">Posts that were answered with 429.</param>
internal sealed record LoopResult(
    int Concurrency, double Seconds, int Runs, double RunsPerSecond, double? P50Ms, double? P95Ms, double? P99Ms,
    double? MaxMs, int Failed, int Refused);
