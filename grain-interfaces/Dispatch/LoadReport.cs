using System.Collections.Immutable;

namespace AgentGrid.GrainInterfaces.Dispatch;

/// <summary>An agent's load over all nodes.</summary>
/// <param name="Slots">How many slots it has on all nodes that can run it; null for those of one node.</param>
/// <param name="Note">Why no node can run it, whatever the load; null when one can.</param>
/// <param name="Full">Why it cannot start one more just now; null when it can.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.LoadReport")]
public sealed record LoadReport(
    [property: Id(0)] string Agent, [property: Id(1)] int Running, [property: Id(2)] int Waiting,
    [property: Id(3)] int FreeSlots, [property: Id(4)] int? Slots, [property: Id(5)] bool Drained,
    [property: Id(6)] string? Note, [property: Id(7)] string? Full)
{
    /// <summary>Its last attempts have failed; null when the last one has not.</summary>
    [Id(8)] public FailureReport? Failing { get; init; }

    /// <summary>The nodes on which its last attempts have failed; default from a dispatcher of an older version.</summary>
    [Id(9)] public ImmutableArray<NodeFailureReport> FailingNodes { get; init; }

    /// <summary>The labels of the nodes that can run it and where it does not fail, an object of texts each; default for none.</summary>
    [Id(10)] public ImmutableArray<Core.Json> NodeLabels { get; init; }
}

/// <param name="Failing">How the agent fails there.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.NodeFailureReport")]
public sealed record NodeFailureReport([property: Id(0)] string Node, [property: Id(1)] FailureReport Failing);

/// <param name="InARow">How many attempts have failed, without one that succeeded between them.</param>
/// <param name="IsOpen">So many that others are asked first.</param>
/// <param name="NextTryIn">The time until an attempt is to find out whether it works again.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.FailureReport")]
public sealed record FailureReport(
    [property: Id(0)] int InARow, [property: Id(1)] bool IsOpen, [property: Id(2)] TimeSpan NextTryIn);

/// <summary>What an attempt or a call has used in the rate limit of its agent.</summary>
/// <param name="Slot">Under which it has asked to start.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.TokenUse")]
public sealed record TokenUse([property: Id(0)] string Slot, [property: Id(1)] long Tokens);

/// <summary>How an attempt of an agent has ended, where that says something of the agent.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.AgentOutcome")]
public sealed record AgentOutcome([property: Id(0)] string Agent, [property: Id(1)] bool HasFailed)
{
    /// <summary>Where; null where that is not known, as from a silo of an older version.</summary>
    [Id(2)] public string? Node { get; init; }
}
