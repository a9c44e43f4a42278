using AgentGrid.Core.Agents;

namespace AgentGrid.Core.Routing;

/// <summary>One agent as the router sees it at one moment.</summary>
/// <param name="Running">How many slots are taken.</param>
/// <param name="Waiting">How many attempts wait for a slot.</param>
/// <param name="FreeSlots">How many more attempts could start now, its queue's limit counted in.</param>
/// <param name="Drained">It takes no further attempts for now.</param>
/// <param name="Slots">On all nodes that can run it together; null for those of one node.</param>
/// <param name="Note">Why no node can run it, whatever the load; null when one can.</param>
/// <param name="Full">Why it cannot start one more just now; null when it can, or nothing is known.</param>
/// <param name="Rate">Where it stands in its <see cref="AgentConfig.RateLimit"/>; null when it has none.</param>
/// <param name="Failing">Null when the last attempt has not failed.</param>
public readonly record struct AgentLoad(
    AgentConfig Agent, int Running, int Waiting, int FreeSlots, bool Drained = false, int? Slots = null,
    string? Note = null, string? Full = null, RateState? Rate = null, FailingState? Failing = null)
{
    /// <summary>The nodes on which its last attempts have failed, whether or not others are asked first for that; null for none.</summary>
    public IReadOnlyList<NodeFailing>? FailingNodes { get; init; }

    /// <summary>The labels of the nodes that can run it and where it does not fail, each once; null where none has any.</summary>
    public IReadOnlyList<Labels>? NodeLabels { get; init; }

    /// <summary>Its attempts take longer than the time that is left; null where they do not, and where it is not known.</summary>
    public Lateness? Late { get; init; }

    /// <summary>It fails, and is not asked while others can be.</summary>
    public bool IsAvoided => Failing is { IsAvoided: true };

    /// <summary>Running and waiting attempts per slot: 0 is idle, 1 is full.</summary>
    public double Load => (double)(Running + Waiting) / (Slots ?? Agent.MaxConcurrency);
}
