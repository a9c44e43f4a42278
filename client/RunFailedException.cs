namespace AgentGrid.Client;

/// <summary>A run ended without a result: it failed, or was cancelled.</summary>
public sealed class RunFailedException(Run run) : Exception(
    $"Run {run.RunId} ('{run.MatchId}/{run.Round}') {run.Status}: {run.Error?.Message ?? run.CancelReason ?? "no reason is known"}")
{
    /// <summary>All that is known about it.</summary>
    public Run Run { get; } = run;

    /// <summary>The code of its error; null if it was cancelled.</summary>
    public string? Code => Run.Error?.Code;
}
