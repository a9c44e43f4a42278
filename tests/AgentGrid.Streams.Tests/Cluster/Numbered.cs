namespace AgentGrid.Streams.Tests.Cluster;

/// <summary>An event.</summary>
[GenerateSerializer, Immutable]
public sealed record Numbered([property: Id(0)] int Number);
