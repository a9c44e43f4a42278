using System.Globalization;
using AgentGrid.Core.Agents;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace AgentGrid.Kinds.Onnx.Models;

/// <summary>Makes sessions of one agent's model.</summary>
internal sealed partial class ModelLoader(AgentConfig agent, OnnxSettings settings, ModelFile file, ILogger logger)
{
    private int _toldOfCpu;

    /// <summary>Loads the model; on the CPU where the GPU cannot be used and that may be.</summary>
    /// <param name="device">Where it is to compute.</param>
    /// <param name="started">Is given what stops the load when its flag for that is set.</param>
    /// <returns>The model, and what it computes on.</returns>
    /// <exception cref="AgentException">It cannot be loaded.</exception>
    public (Model Model, Device Device) Load(Device device, Action<SessionOptions?> started)
    {
        file.Check();
        try
        {
            OrtLog.Attach(agent.Name, logger);
            if (device.Gpu is null)
            {
                return (Create(Device.Cpu, started), Device.Cpu);
            }
            try
            {
                return (Create(device, started), device);
            }
            catch (Exception e) when (device.MayBeCpu && OrtFailure.Of(e) is FailureKind.Other)
            {
                if (Interlocked.Exchange(ref _toldOfCpu, 1) == 0)
                {
                    LogCpu(logger, agent.Name, device.Gpu.Value, OrtFailure.Reason(e));
                }
                return (Create(Device.Cpu, started), Device.Cpu);
            }
        }
        catch (Exception e) when (e is not AgentException)
        {
            throw OrtFailure.OfLoad(e, $"Agent '{agent.Name}': the model '{settings.Model}' cannot be loaded on {device}");
        }
    }

    private Model Create(Device device, Action<SessionOptions?> started)
    {
        using var options = Options();
        if (device.Gpu is { } gpu)
        {
            using var cuda = new OrtCUDAProviderOptions();
            cuda.UpdateOptions(CudaOptions(gpu));
            options.AddSessionConfigEntry("session.use_device_allocator_for_initializers", "1");
            options.AppendExecutionProvider_CUDA(cuda);
        }
        started(options);
        try
        {
            var session = new InferenceSession(file.Path, options);
            try
            {
                return new Model(session, ModelSignature.Of(session, settings, agent.Name));
            }
            catch
            {
                session.Dispose();
                throw;
            }
        }
        finally
        {
            started(null);
        }
    }

    // Threads that spin take the processor from everything else that the server does.
    private SessionOptions Options()
    {
        var options = new SessionOptions
        {
            LogId = agent.Name,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING,
            IntraOpNumThreads = settings.Threads ?? Math.Max(1, Environment.ProcessorCount / settings.Instances),
            InterOpNumThreads = 1,
            EnableMemoryPattern = settings.Tensors.Inputs.All(i => !i.Shape.IsDefault && !i.Shape.Contains(-1)),
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        return options;
    }

    /// <summary>The options of the CUDA provider.</summary>
    /// <exception cref="AgentException">The weights alone need more memory than the agent says that it uses.</exception>
    internal Dictionary<string, string> CudaOptions(int gpu)
    {
        var options = new Dictionary<string, string>
        {
            ["device_id"] = gpu.ToString(CultureInfo.InvariantCulture),
            // Powers of two would take up to twice of what is asked for, and the default search memory for every way to compute.
            ["arena_extend_strategy"] = "kSameAsRequested",
            ["cudnn_conv_algo_search"] = "HEURISTIC",
        };
        if (agent.Resources.GpuMemoryBytes is > 0 and var declared)
        {
            options["gpu_mem_limit"] = ArenaLimit(declared).ToString(CultureInfo.InvariantCulture);
        }
        foreach (var (key, value) in settings.Cuda)
        {
            if (key != "device_id")
            {
                options[key] = value;
            }
        }
        return options;
    }

    // What the agent declares is for all its instances. Weights are outside of the arena, which the limit is for.
    private long ArenaLimit(long declared)
    {
        var share = declared / settings.Instances;
        var weights = file.Bytes;
        return share > weights
            ? share - weights
            : throw new AgentException(
                OnnxErrors.NotLoaded,
                $"Agent '{agent.Name}': the weights of '{settings.Model}' alone are {weights >> 20:N0} MiB in each of {settings.Instances} " +
                $"instances, and 'resources' says {declared >> 20:N0} MiB. Let it say what the model uses in all.",
                retryable: false);
    }
}
