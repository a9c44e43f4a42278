namespace AgentGrid.Client;

/// <summary>The answer to a command.</summary>
/// <param name="Changed">False when the run already was as asked, or had been sent the same before.</param>
/// <param name="Run">The run's status is that of after the command; its steps are not in this answer.</param>
public sealed record CommandAnswer(bool Changed, CommandedRun Run);

/// <summary>The run of a <see cref="CommandAnswer"/>.</summary>
/// <param name="Reason">Why it failed or was cancelled, in one line; null for others.</param>
public sealed record CommandedRun(string RunId, string MatchId, string Round, string Status, string? Reason);
