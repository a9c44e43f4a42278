using System.Globalization;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Onnx.Batches;
using AgentGrid.Kinds.Onnx.Models;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Onnx;

/// <summary>An agent whose work is done by a model that is loaded into this process, once for each device that it is asked to use.</summary>
internal sealed class OnnxAgent : IKindAgent
{
    private readonly AgentConfig _agent;
    private readonly OnnxSettings _settings;
    private readonly AgentKindContext _context;
    private readonly ModelFile _file;
    private readonly ModelLoader _loader;
    private readonly OnnxLog _log;
    private readonly Lock _gate = new();
    private readonly Dictionary<Device, ModelPool> _pools = [];
    private bool _isClosed;

    public OnnxAgent(AgentConfig agent, OnnxSettings settings, AgentKindContext context, ILogger logger)
    {
        (_agent, _settings, _context) = (agent, settings, context);
        _file = new ModelFile(agent.Name, settings.Model, context.ConfigFolder);
        _loader = new ModelLoader(agent, settings, _file, logger);
        _log = new OnnxLog(logger);
    }

    public AgentHealth Health
    {
        get
        {
            AgentHealth[] all;
            lock (_gate)
            {
                all = [.. _pools.Values.Select(p => p.Health)];
            }
            return all.FirstOrDefault(h => h.Condition == AgentCondition.Unhealthy)
                ?? all.FirstOrDefault(h => h.Condition == AgentCondition.Starting)
                ?? AgentHealth.Healthy;
        }
    }

    /// <summary>
    /// What needs GPU memory is loaded when an attempt comes that has it: before that nobody knows on which GPU, and nothing
    /// keeps the memory from others.
    /// </summary>
    public Task WarmUpAsync(CancellationToken cancellationToken)
    {
        if (_agent.Resources.GpuMemoryBytes > 0 && _context.LeasesGpuMemory)
        {
            _file.Check();
            return Task.CompletedTask;
        }
        return Pool(null).WarmUpAsync(cancellationToken);
    }

    public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var pool = Pool(invocation.Gpu);
        var signature = await pool.SignatureAsync(cancellationToken).ConfigureAwait(false);
        var run = new PendingRun(signature.Read(invocation.Input), invocation.Deadline, _context.Time.GetTimestamp());
        if (!pool.Queue.TryAdd(run))
        {
            throw pool.Closed();
        }
        await using var registration = cancellationToken.UnsafeRegister(
            static x => Cancel(x), (pool, run)).ConfigureAwait(false);
        try
        {
            var outputs = await run.Done.ConfigureAwait(false);
            return signature.Write(outputs, _context.MaxOutputBytes);
        }
        catch (OperationCanceledException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        ModelPool[] pools;
        lock (_gate)
        {
            _isClosed = true;
            pools = [.. _pools.Values];
        }
        await Task.WhenAll(pools.Select(p => p.CloseAsync())).ConfigureAwait(false);
    }

    private static void Cancel(object? state)
    {
        var (pool, run) = ((ModelPool, PendingRun))state!;
        pool.Queue.Cancel(run);
    }

    private ModelPool Pool(int? gpu)
    {
        var device = DeviceFor(gpu);
        lock (_gate)
        {
            return _pools.TryGetValue(device, out var pool) ? pool
                : _isClosed ? throw new AgentException(OnnxErrors.Closed, $"Agent '{_agent.Name}' is being replaced or stopped.")
                : _pools[device] = new ModelPool(_agent, _settings, _context, _loader, _log, device);
        }
    }

    // Where nobody says which GPU, one that is wanted is the configured one.
    private Device DeviceFor(int? gpu) => _settings.Device switch
    {
        DeviceChoice.Cpu => Device.Cpu,
        DeviceChoice.Cuda => new Device(gpu ?? ConfiguredGpu()),
        _ => gpu is null ? Device.Cpu : new Device(gpu, MayBeCpu: true),
    };

    private int ConfiguredGpu() =>
        _settings.Cuda.TryGetValue("device_id", out var id) && int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? index
            : 0;
}
