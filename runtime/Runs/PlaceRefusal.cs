namespace AgentGrid.Runtime.Runs;

/// <summary>Why there is no place for a run, and when to ask again.</summary>
public sealed record PlaceRefusal(string Reason, TimeSpan RetryAfter);
