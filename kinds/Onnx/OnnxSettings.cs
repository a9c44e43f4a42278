using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http.Tensors;

namespace AgentGrid.Kinds.Onnx;

/// <summary>What <c>agents.yaml</c> says of an agent of the kind <c>onnx</c>.</summary>
internal sealed record OnnxSettings : KindSettings
{
    /// <summary>The file, from the configuration folder.</summary>
    public required string Model { get; init; }

    /// <summary>What computes.</summary>
    public DeviceChoice Device { get; init; } = DeviceChoice.Auto;

    /// <summary>How many sessions there are, each with a copy of the weights and a thread of its own.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>How many rows are computed at once, over all attempts that are in one batch; 1 for no batches.</summary>
    public int MaxBatchSize { get; init; } = 1;

    /// <summary>How long the oldest attempt of a batch that is not full waits for others.</summary>
    public TimeSpan MaxBatchDelay { get; init; } = TimeSpan.Zero;

    /// <summary>How the model's tensors and JSON go together.</summary>
    public required TensorMapping Tensors { get; init; }

    /// <summary>Threads that one operator of one instance may use on the CPU; null for an equal share of the processors.</summary>
    public int? Threads { get; init; }

    /// <summary>Options of ONNX Runtime's CUDA provider, in its own words, over those that are set here.</summary>
    public ImmutableSortedDictionary<string, string> Cuda { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <inheritdoc/>
    public override string Target => Model;

    /// <inheritdoc/>
    public override int LeastConcurrency => MaxBatchSize;

    /// <inheritdoc/>
    public override bool SharesGpuMemory => true;
}

/// <summary>What computes a model.</summary>
internal enum DeviceChoice
{
    /// <summary>The GPU on which the attempt has memory; the CPU where it has none, or the GPU cannot be used.</summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>A GPU, or nothing.</summary>
    Cuda,
}
