using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.GrainInterfaces.Agents;

/// <summary>Where an invocation stands.</summary>
/// <param name="Output">What the agent returned; null unless it has succeeded.</param>
/// <param name="Error">Why it failed; null unless it has.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.InvocationReply")]
public sealed record InvocationReply(
    [property: Id(0)] InvocationStatus Status, [property: Id(1)] Json? Output = null,
    [property: Id(2)] RunError? Error = null)
{
    /// <summary>Since when the node's process lives, by its clock; null unless it does not know the slot.</summary>
    [Id(3)] public DateTimeOffset? NodeSince { get; init; }

    /// <summary>For how long it has lived. Null where it is not known, and from silos that do not say it yet.</summary>
    [Id(4)] public TimeSpan? NodeFor { get; init; }

    /// <summary>How many tokens the agent says it has used; null when it does not.</summary>
    [Id(5)] public long? Tokens { get; init; }

    /// <summary>Since when the node's process lives, by another clock.</summary>
    public DateTimeOffset? NodeSinceBy(TimeProvider time) => NodeFor is { } lived ? time.GetUtcNow() - lived : NodeSince;

    public static readonly InvocationReply Running = new(InvocationStatus.Running);
    public static readonly InvocationReply Cancelled = new(InvocationStatus.Cancelled);
}

/// <summary>The numbers are for ever: silos of different versions talk to each other.</summary>
public enum InvocationStatus
{
    Running = 0,
    Succeeded = 1,
    Failed = 2,

    /// <summary>It returned after it was cancelled; nobody wants the result.</summary>
    Cancelled = 3,

    /// <summary>Nothing has that slot here: it never came, or the node was restarted.</summary>
    Unknown = 4,
}
