using System.Collections.Frozen;
using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds.Http.Tensors;

namespace AgentGrid.Kinds.Onnx;

/// <summary>Reads the keys of the kind <c>onnx</c>. No model is looked at.</summary>
internal static class OnnxSettingsReader
{
    /// <summary>All of them.</summary>
    public static readonly ImmutableArray<string> Keys =
        ["model", "device", "instances", "batch", "inputs", "outputs", "threads", "cuda"];

    private const int MostInstances = 64;
    private const int LargestBatch = 4_096;
    private const int MostThreads = 1_024;

    private static readonly string[] s_batchKeys = ["max_size", "max_delay"];

    // Those of ONNX Runtime 1.31 that are texts, numbers or flags; the others are addresses in memory.
    private static readonly string[] s_cudaKeys =
    [
        "device_id", "gpu_mem_limit", "arena_extend_strategy", "cudnn_conv_algo_search", "cudnn_conv_use_max_workspace",
        "cudnn_conv1d_pad_to_nc1d", "do_copy_in_default_stream", "enable_cuda_graph", "enable_cudnn",
        "enable_skip_layer_norm_strict_mode", "fuse_conv_bias", "prefer_nhwc", "sdpa_kernel", "tunable_op_enable",
        "tunable_op_max_tuning_duration_ms", "tunable_op_tuning_enable", "use_ep_level_unified_stream", "use_tf32",
    ];

    private static readonly FrozenDictionary<string, DeviceChoice> s_devices = new Dictionary<string, DeviceChoice>
    {
        ["auto"] = DeviceChoice.Auto,
        ["cpu"] = DeviceChoice.Cpu,
        ["cuda"] = DeviceChoice.Cuda,
    }.ToFrozenDictionary();

    public static OnnxSettings? Read(MappingReader agent, ProblemList problems)
    {
        var model = agent.Text("model");
        if (agent["model"] is null || model is not null && string.IsNullOrWhiteSpace(model))
        {
            problems.Add(
                agent["model"]?.Place ?? agent.Place, ConfigCodes.Missing,
                "'model' must say which file the model is, relative to the configuration folder: model: models/motion.onnx.");
        }
        var batch = new MappingReader(agent["batch"], problems, s_batchKeys);
        var defaults = new OnnxSettings { Model = "", Tensors = new TensorMapping { Inputs = [] } };
        var settings = defaults with
        {
            Model = model ?? "",
            Device = agent.Word("device", s_devices) ?? defaults.Device,
            Instances = agent.Integer("instances", 1, MostInstances) ?? defaults.Instances,
            MaxBatchSize = batch.Integer("max_size", 1, LargestBatch) ?? defaults.MaxBatchSize,
            MaxBatchDelay = batch.Duration("max_delay", zero: true) ?? defaults.MaxBatchDelay,
            Tensors = TensorMappingReader.Read(agent, problems),
            Threads = agent.Integer("threads", 1, MostThreads),
            Cuda = ReadCuda(agent["cuda"], problems),
        };
        Check(agent, batch, settings, problems);
        return settings;
    }

    private static void Check(MappingReader agent, MappingReader batch, OnnxSettings settings, ProblemList problems)
    {
        if (batch["max_delay"] is not null && batch["max_size"] is null)
        {
            problems.Add(
                batch.Place, ConfigCodes.Missing,
                "'max_size' must say how many rows are computed at once, at most: batch: { max_size: 8 }.");
        }
        if (settings.Device != DeviceChoice.Cpu)
        {
            return;
        }
        if (agent["cuda"] is { } cuda)
        {
            problems.Add(cuda.Place, ConfigCodes.Contradiction, "'cuda' has no meaning with 'device: cpu'.");
        }
        foreach (var key in (string[])["gpu_memory_mb", "gpu_memory_bytes"])
        {
            if ((agent["resources"] as ConfigNode.Mapping)?[key] is { } memory)
            {
                problems.Add(
                    memory.Place, ConfigCodes.Contradiction,
                    $"'{key}' would be reserved and never used: with 'device: cpu' the agent uses no GPU.");
            }
        }
    }

    // As they are written: what each of them may be, ONNX Runtime says when the model is loaded.
    private static ImmutableSortedDictionary<string, string> ReadCuda(ConfigNode? node, ProblemList problems)
    {
        var options = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var entry in new MappingReader(node, problems, s_cudaKeys).Entries)
        {
            if (entry.Value is ConfigNode.Scalar { Kind: not ScalarKind.Null } scalar)
            {
                options[entry.Key] = scalar.Kind == ScalarKind.Flag ? scalar.Text == "true" ? "1" : "0" : scalar.Text;
                continue;
            }
            problems.Add(
                entry.Value.Place, ConfigCodes.WrongType,
                $"'{Names.Shorten(entry.Key)}': expected a text, a number, true or false, got {entry.Value.Describe()}.");
        }
        return options.ToImmutable();
    }
}
