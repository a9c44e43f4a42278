namespace AgentGrid.Core.Routing;

/// <summary>A node on which the last attempts of an agent have failed.</summary>
/// <param name="Node">Its name.</param>
/// <param name="State">How many, and until when other nodes are asked first.</param>
public readonly record struct NodeFailing(string Node, FailingState State);
