using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Grains.Dispatch;

namespace AgentGrid.Grains;

/// <summary>Settings of one node of the cluster. Bound from the configuration section <c>AgentGrid</c>.</summary>
public sealed class ClusterEngineOptions
{
    /// <summary>The classes of hardware that the node serves; null for all, empty for none.</summary>
    public ImmutableArray<string>? Queues { get; set; }

    /// <summary>By which steps may prefer the node, as <c>zone=eu,gpu=h100</c>; null for none.</summary>
    public Labels? Labels { get; set; }

    /// <summary>
    /// GPU memory that the node declares to have, in MiB, one number per GPU; null: what NVML finds.
    /// </summary>
    public ImmutableArray<long>? GpuMemoryMb { get; set; }

    /// <summary>
    /// False: this node ignores an agent's <c>gpu_memory</c>, as the embedded engine does. Default true.
    /// </summary>
    public bool AccountGpuMemory { get; set; } = true;

    /// <summary>
    /// The folder of <c>agents.yaml</c> and <c>plans/</c>. Default: <c>./config</c> where there is one, else the one
    /// that was shipped beside the program.
    /// </summary>
    public string? Config { get; set; }

    /// <summary>How many runs the whole cluster drives at once; others wait in the queue. Default 1,000.</summary>
    public int MaxActiveRuns { get; set; } = 1_000;

    /// <summary>How many accepted runs may wait to be driven; past that, posts are refused. Default 10,000.</summary>
    public int MaxQueuedRuns { get; set; } = 10_000;

    /// <summary>How long a graceful shutdown waits for running attempts. Default 30 s.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long an invocation that was cancelled or timed out keeps its slot while it has not returned. Default 10 s.
    /// </summary>
    public TimeSpan CancelGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The largest output of one attempt, in bytes; a larger one fails the attempt. Default 16 MiB.</summary>
    public int MaxOutputBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>
    /// How many times in a row the node of an attempt may die while it runs; after that it has failed as <c>lost</c>.
    /// Before that, attempts are kept apart, so that those that only ran beside the cause survive. At least 3, default 6.
    /// </summary>
    public int MaxLosses { get; set; } = RunLimits.Default.MaxLosses;

    /// <summary>How many items a step of mode <c>each</c> may have; with more it fails. Default 10,000.</summary>
    public int MaxItems { get; set; } = RunLimits.Default.MaxItems;

    /// <summary>
    /// How many bytes the outputs of a step of mode <c>all</c> or <c>each</c> may have together; with more it fails. Default
    /// 64 MiB.
    /// </summary>
    public int MaxStepOutputBytes { get; set; } = RunLimits.Default.MaxStepOutputBytes;

    /// <summary>The same limits, for the run machine.</summary>
    internal RunLimits Limits => new()
    {
        MaxLosses = MaxLosses,
        MaxItems = MaxItems,
        MaxStepOutputBytes = MaxStepOutputBytes,
    };

    internal DispatchTimes Times { get; set; } = new();
}
