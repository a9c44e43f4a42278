using System.Collections.Concurrent;
using System.Collections.Immutable;
using AgentGrid.GrainInterfaces.Agents;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AgentGrid.Grains.Nodes;

/// <summary>
/// The GPUs of this node: declared by its operator, or what NVML finds. Where there is no NVML there are no GPUs.
/// </summary>
internal sealed partial class Gpus : IDisposable
{
    private readonly Nvml? _nvml;
    private readonly ImmutableArray<GpuReport> _declared;
    private readonly ConcurrentDictionary<(int Gpu, string Agent), bool> _warm = [];

    public Gpus(IOptions<ClusterEngineOptions> options, ILogger<Gpus> logger)
    {
        if (options.Value.GpuMemoryMb is { } declared)
        {
            _declared = [.. declared.Select((mb, i) => new GpuReport(i, "declared", mb << 20, 0, 0))];
            return;
        }
        _declared = [];
        _nvml = Nvml.TryOpen(out var reason);
        if (_nvml is null)
        {
            LogNone(logger, reason);
            return;
        }
        foreach (var gpu in _nvml.Read())
        {
            LogFound(logger, gpu.Index, gpu.Name, gpu.TotalBytes >> 20, gpu.UsedByOthersBytes >> 20);
        }
    }

    /// <summary>An agent has run on a GPU: whatever it has loaded there may stay until the node ends.</summary>
    public void Warm(string agent, int gpu) => _warm[(gpu, agent)] = true;

    public ImmutableArray<GpuReport> Read()
    {
        var warm = _warm.Keys.ToLookup(w => w.Gpu, w => w.Agent);
        var gpus = _nvml?.Read().Select(
            g => new GpuReport(g.Index, g.Name, g.TotalBytes, g.UsedByOthersBytes, g.UsedHereBytes)) ?? _declared;
        return [.. gpus.Select(g => g with { WarmAgents = [.. warm[g.Index]] })];
    }

    public void Dispose() => _nvml?.Dispose();

    [LoggerMessage(530, LogLevel.Information, "No GPUs: {Reason}")]
    private static partial void LogNone(ILogger logger, string reason);

    [LoggerMessage(531, LogLevel.Information, "GPU {Index}: {Name}, {TotalMb:N0} MiB, {UsedMb:N0} MiB used by others")]
    private static partial void LogFound(ILogger logger, int index, string name, long totalMb, long usedMb);
}
