namespace AgentGrid.Client;

/// <summary>The answer to a <see cref="RunRequest"/>: the run is durable, and will end.</summary>
/// <param name="Status">In which it was then; see <see cref="Run.Status"/>.</param>
/// <param name="Replayed">The same had been submitted before; nothing was started.</param>
/// <param name="StartsAt">When it is to start; null for at once.</param>
public sealed record SubmittedRun(string RunId, string Status, bool Replayed, DateTimeOffset? StartsAt = null);
