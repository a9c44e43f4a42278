using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Engine.Slots;

/// <summary>What a node says of itself.</summary>
public sealed record NodeState
{
    /// <summary>By which attempts record it.</summary>
    public required string Name { get; init; }

    /// <summary>The classes of hardware it offers; null for all.</summary>
    public ImmutableArray<string>? Queues { get; init; }

    /// <summary>Empty for none; null: GPU memory is not accounted for, and whatever needs some may run.</summary>
    public ImmutableArray<GpuState>? Gpus { get; init; }

    /// <summary>The agents that it has code for; null for all.</summary>
    public ImmutableArray<string>? Agents { get; init; }

    /// <summary>It takes no new attempts; running ones continue.</summary>
    public bool Draining { get; init; }

    /// <summary>The agents it has loaded, so that an attempt can begin at once.</summary>
    public ImmutableArray<string> WarmAgents { get; init; } = [];

    /// <summary>By which steps may prefer it; null for none.</summary>
    public Labels? Labels { get; init; }

    /// <summary>Whether an agent could run there at all, now or when there is room.</summary>
    public bool CouldRun(AgentConfig agent) => NodeFits.Of(agent, this) is NodeFit.Fits or NodeFit.Draining;
}
