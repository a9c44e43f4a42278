namespace AgentGrid.Client;

/// <summary>The answer to a command.</summary>
/// <param name="Changed">False if the run already was as requested, or had received the same before.</param>
/// <param name="Run">The run with its status after the command, without its steps.</param>
public sealed record CommandAnswer(bool Changed, CommandedRun Run);

/// <summary>The run of a <see cref="CommandAnswer"/>.</summary>
/// <param name="Reason">Why it failed or was cancelled, in one line; null for others.</param>
public sealed record CommandedRun(string RunId, string MatchId, string Round, string Status, string? Reason);
