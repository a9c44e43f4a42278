using System.Globalization;
using AgentGrid.Core.Agents;

namespace AgentGrid.Engine.Slots;

/// <summary>Whether a node can run an agent, whatever its load; the higher, the less is in the way.</summary>
internal enum NodeFit
{
    NoNode,
    OtherQueue,
    NoCode,
    NoGpu,
    Draining,
    Fits,
}

internal static class NodeFits
{
    public static NodeFit Of(AgentConfig agent, NodeState node)
    {
        var bytes = agent.Resources.GpuMemoryBytes;
        return node.Queues is { } queues && !queues.Contains(agent.Queue) ? NodeFit.OtherQueue
            : node.Agents is { } agents && !agents.Contains(agent.Name) ? NodeFit.NoCode
            : bytes > 0 && node.Gpus is { } gpus && !gpus.Any(g => g.TotalBytes >= bytes) ? NodeFit.NoGpu
            : node.Draining ? NodeFit.Draining
            : NodeFit.Fits;
    }

    /// <summary>Why one node cannot run an agent; null when it can.</summary>
    public static string? Refusal(NodeFit fit, AgentConfig agent) => fit switch
    {
        NodeFit.OtherQueue => $"does not serve queue '{agent.Queue}'",
        NodeFit.NoCode => $"has no code for '{agent.Name}'",
        NodeFit.NoGpu => $"has no GPU with {GpuMemory(agent)}",
        NodeFit.Draining => "is draining",
        NodeFit.Fits => null,
        _ => throw new ArgumentOutOfRangeException(nameof(fit), fit, "not about a node"),
    };

    /// <summary>Why no node can run an agent, when this is the best that any of them does; null when one can.</summary>
    public static string? Note(NodeFit best, AgentConfig agent) => best switch
    {
        NodeFit.NoNode => "there is no node",
        NodeFit.OtherQueue => $"no node serves queue '{agent.Queue}'",
        NodeFit.NoCode => $"no node of queue '{agent.Queue}' has code for '{agent.Name}'",
        NodeFit.NoGpu => $"no node of queue '{agent.Queue}' has {GpuMemory(agent)} of GPU memory",
        NodeFit.Draining => "every node that could run it is draining",
        NodeFit.Fits => null,
        _ => throw new ArgumentOutOfRangeException(nameof(best), best, "unknown"),
    };

    private static string GpuMemory(AgentConfig agent) => string.Create(
        CultureInfo.InvariantCulture, $"{agent.Resources.GpuMemoryBytes / (1024.0 * 1024.0):#,0.##} MiB");
}
