namespace AgentGrid.Client;

/// <summary>A run has ended without a result: it failed, or was cancelled.</summary>
public sealed class RunFailedException(Run run) : Exception(
    $"Run {run.RunId} ('{run.MatchId}/{run.Round}') {run.Status}: {run.Error?.Message ?? run.CancelReason ?? "no reason is known"}")
{
    /// <summary>All that is known of it.</summary>
    public Run Run { get; } = run;

    /// <summary>The code of its error; null where it was cancelled.</summary>
    public string? Code => Run.Error?.Code;
}
