using System.Collections.Immutable;

namespace AgentGrid.GrainInterfaces.Agents;

/// <summary>A node as it describes itself: twice a second, and whenever something important changes.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.NodeReport")]
public sealed record NodeReport
{
    [Id(0)] public required string Node { get; init; }

    /// <summary>The process: a node that was restarted has another one under the same name.</summary>
    [Id(1)] public required SiloAddress Silo { get; init; }

    /// <summary>The classes of hardware that it serves; null for all.</summary>
    [Id(2)] public ImmutableArray<string>? Queues { get; init; }

    /// <summary>Null when GPU memory is not accounted on it; empty when it has no GPU.</summary>
    [Id(3)] public ImmutableArray<GpuReport>? Gpus { get; init; }

    /// <summary>The agents that it has code for.</summary>
    [Id(4)] public ImmutableArray<string> Agents { get; init; } = [];

    /// <summary>Agents that have run on it, so that their models are loaded.</summary>
    [Id(5)] public ImmutableArray<string> WarmAgents { get; init; } = [];

    /// <summary>It takes no further attempts.</summary>
    [Id(6)] public bool Draining { get; init; }

    /// <summary>Every slot that is held here by a live invocation.</summary>
    [Id(7)] public ImmutableArray<HeldSlot> Held { get; init; } = [];

    /// <summary>For how long its silo has reached Redis; null: it does not now, or its version does not say.</summary>
    [Id(8)] public TimeSpan? RedisFor { get; init; }

    /// <summary>By which steps may prefer it, an object of texts; null for none.</summary>
    [Id(9)] public Core.Json? Labels { get; init; }
}

/// <param name="UsedByOthersBytes">Memory that processes other than this node use.</param>
/// <param name="UsedHereBytes">Memory that this node's process and its child processes use; 0 of a GPU that is declared.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.GpuReport")]
public sealed record GpuReport(
    [property: Id(0)] int Index, [property: Id(1)] string Name, [property: Id(2)] long TotalBytes,
    [property: Id(3)] long UsedByOthersBytes, [property: Id(4)] long UsedHereBytes)
{
    /// <summary>The agents that have run on it: their models are part of what the node uses.</summary>
    [Id(5)] public ImmutableArray<string> WarmAgents { get; init; } = [];
}

/// <param name="Slot">The key under which the dispatcher granted it.</param>
/// <param name="Gpu">The index of the GPU whose memory it occupies; null for none.</param>
[GenerateSerializer, Immutable, Alias("agentgrid.HeldSlot")]
public sealed record HeldSlot(
    [property: Id(0)] string Slot, [property: Id(1)] string Agent, [property: Id(2)] int? Gpu)
{
    /// <summary>How it is kept apart from others; null when it is not.</summary>
    [Id(3)] public SlotIsolation? Isolation { get; init; }
}
