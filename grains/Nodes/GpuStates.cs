using System.Collections.Immutable;
using AgentGrid.Engine.Slots;
using AgentGrid.GrainInterfaces.Agents;

namespace AgentGrid.Grains.Nodes;

/// <summary>GPUs as a slot table knows them, of what their node reports.</summary>
internal static class GpuStates
{
    public static ImmutableArray<GpuState>? Of(ImmutableArray<GpuReport>? reports) =>
        reports is { } gpus ? [.. gpus.Select(Of)] : null;

    private static GpuState Of(GpuReport gpu) =>
        new(gpu.Index, gpu.Name, gpu.TotalBytes, gpu.UsedByOthersBytes, gpu.UsedHereBytes)
        {
            // A node of an earlier version does not say.
            WarmAgents = gpu.WarmAgents.IsDefault ? [] : gpu.WarmAgents,
        };
}
