using System.Collections.Immutable;
using AgentGrid.Core.Grid;

namespace AgentGrid.Engine.Slots;

/// <summary>A node of a <see cref="SlotTable"/>, with what it does now.</summary>
/// <param name="State">What it said of itself last.</param>
/// <param name="Agents">The agents that run attempts there, by name.</param>
/// <param name="Queues">The queues that have a limit, and run attempts there or can, by name.</param>
/// <param name="LeasedBytes">By the index of the GPU: the memory that attempts occupy there; those with none are left out.</param>
public sealed record NodeUsage(
    NodeState State, ImmutableArray<NodeAgent> Agents, ImmutableArray<NodeQueue> Queues,
    ImmutableSortedDictionary<int, long> LeasedBytes)
{
    /// <summary>The agents that fail there, so that other nodes are asked first, by name.</summary>
    public ImmutableArray<NodeFailure> Failing { get; init; } = [];

    /// <summary>The same as users of a grid see it.</summary>
    /// <param name="seenAt">When the node was heard of last.</param>
    public NodeDetails Describe(DateTimeOffset seenAt) => new()
    {
        Name = State.Name,
        Queues = State.Queues,
        Draining = State.Draining,
        Running = Agents.Sum(a => a.Running),
        Slots = Queues,
        Gpus = State.Gpus is not { } gpus ? null :
        [
            .. gpus.Select(g => new NodeGpu(
                g.Index, g.Name, g.TotalBytes, g.UsedByOthersBytes, LeasedBytes.GetValueOrDefault(g.Index),
                g.UsedHereBytes)),
        ],
        WarmAgents = State.WarmAgents,
        Agents = Agents,
        Labels = State.Labels,
        Failing = Failing,
        SeenAt = seenAt,
    };
}
