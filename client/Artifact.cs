namespace AgentGrid.Client;

/// <summary>Bytes that a run has written, and that its outputs refer to.</summary>
/// <param name="MediaType">What they are: <c>image/png</c>.</param>
/// <param name="Sha256">By which they can always be found.</param>
/// <param name="Steps">The steps whose outputs refer to them; none where the run's input alone does.</param>
public sealed record Artifact(string Name, string MediaType, long Bytes, string Sha256, IReadOnlyList<string> Steps);
