namespace AgentGrid.Client;

/// <summary>The answer to a <see cref="RunRequest"/>: the run is durable, and will end.</summary>
/// <param name="Status">Its status at that time; see <see cref="Run.Status"/>.</param>
/// <param name="Replayed">Whether the same run was submitted before; then nothing was started.</param>
/// <param name="StartsAt">When it will start; null for at once.</param>
public sealed record SubmittedRun(string RunId, string Status, bool Replayed, DateTimeOffset? StartsAt = null);
