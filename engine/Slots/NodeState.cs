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

    /// <summary>Whether two states of a node differ in nothing.</summary>
    internal bool SaysTheSame(NodeState other) =>
        Name == other.Name && Draining == other.Draining && AreSame(Queues, other.Queues) && AreSame(Agents, other.Agents)
        && AreSame(WarmAgents, other.WarmAgents) && AreSame(Gpus, other.Gpus)
        && Equals(Labels, other.Labels);

    /// <summary>Whether the same agents fit on both, whatever their load.</summary>
    internal bool FitsTheSame(NodeState other) =>
        Draining == other.Draining && AreSame(Queues, other.Queues) && AreSame(Agents, other.Agents)
        && Gpus is null == other.Gpus is null && MostBytes == other.MostBytes
        && Equals(Labels, other.Labels);

    /// <summary>Whether an agent could run there at all, now or when there is room.</summary>
    public bool CouldRun(AgentConfig agent) => NodeFits.Of(agent, this) is NodeFit.Fits or NodeFit.Draining;

    private long MostBytes
    {
        get
        {
            var most = -1L;
            foreach (var gpu in Gpus ?? [])
            {
                most = Math.Max(most, gpu.TotalBytes);
            }
            return most;
        }
    }

    private static bool AreSame(ImmutableArray<string>? a, ImmutableArray<string>? b) =>
        a is { IsDefault: false } x && b is { IsDefault: false } y ? x.AsSpan().SequenceEqual(y.AsSpan()) : a is null && b is null;

    private static bool AreSame(ImmutableArray<GpuState>? a, ImmutableArray<GpuState>? b)
    {
        if (a is not { } x || b is not { } y)
        {
            return a is null && b is null;
        }
        var same = x.Length == y.Length;
        for (var i = 0; same && i < x.Length; i++)
        {
            same = x[i] with { WarmAgents = [] } == y[i] with { WarmAgents = [] } && AreSame((ImmutableArray<string>?)x[i].WarmAgents, y[i].WarmAgents);
        }
        return same;
    }
}
