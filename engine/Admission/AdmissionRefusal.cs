namespace AgentGrid.Engine.Admission;

/// <summary>Why there is no place for a run, and when to ask again.</summary>
public sealed record AdmissionRefusal(string Reason, TimeSpan RetryAfter);
