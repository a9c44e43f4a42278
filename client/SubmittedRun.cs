namespace AgentGrid.Client;

/// <summary>The answer to a <see cref="RunRequest"/>: the run is durable, and will end.</summary>
/// <param name="Status">In which it was then; see <see cref="Run.Status"/>.</param>
/// <param name="Replayed">The same had been submitted before, or another run is used; nothing was started.</param>
/// <param name="StartsAt">When it is to start; null for at once.</param>
/// <param name="Supersedes">The run that had its key before; null for none.</param>
public sealed record SubmittedRun(
    string RunId, string Status, bool Replayed, DateTimeOffset? StartsAt = null, string? Supersedes = null);
