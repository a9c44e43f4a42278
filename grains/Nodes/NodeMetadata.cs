using System.Collections.Immutable;
using AgentGrid.Core.Agents;

namespace AgentGrid.Grains.Nodes;

/// <summary>What a silo says of its hardware when it joins: it does not change while it lives.</summary>
internal static class NodeMetadata
{
    private const string Queues = "agentgrid.queues";
    private const string GpuMemory = "agentgrid.gpu_memory_bytes";
    private const string Anything = "*";

    /// <param name="queues">The classes of hardware that it serves; null for all.</param>
    /// <param name="largestGpuBytes">The memory of its largest GPU; null when GPU memory is not accounted.</param>
    public static Dictionary<string, string> Of(ImmutableArray<string>? queues, long? largestGpuBytes) => new()
    {
        [Queues] = queues is null ? Anything : string.Join(',', queues.Value),
        [GpuMemory] = largestGpuBytes?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? Anything,
    };

    /// <summary>Says why an agent cannot run on such a silo at all; null when it can.</summary>
    public static string? Refusal(IReadOnlyDictionary<string, string> metadata, AgentConfig agent)
    {
        var queues = metadata.GetValueOrDefault(Queues, Anything);
        if (queues != Anything && !queues.Split(',').Contains(agent.Queue))
        {
            return $"it does not serve queue '{agent.Queue}'.";
        }
        var memory = metadata.GetValueOrDefault(GpuMemory, Anything);
        return memory != Anything
            && long.Parse(memory, System.Globalization.CultureInfo.InvariantCulture) < agent.Resources.GpuMemoryBytes
            ? $"none of its GPUs has {agent.Resources.GpuMemoryBytes >> 20:N0} MiB."
            : null;
    }
}
