using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Onnx.Batches;
using AgentGrid.Kinds.Onnx.Models;

namespace AgentGrid.Kinds.Onnx;

/// <summary>
/// The instances of one agent's model on one device, and the queue that they share. Instances that cannot load it try again, after a
/// pause that grows, and as long as none is there attempts fail at once. Where memory is leased by attempts, none is taken without
/// one: there the next attempt after the pause makes them try.
/// </summary>
internal sealed class ModelPool
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30);

    private readonly object _gate = new();
    private readonly HashSet<ModelInstance> _ready = [];
    private readonly List<ModelInstance> _instances = [];
    private readonly int _count;
    private readonly bool _onDemand;
    private TaskCompletionSource _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ModelSignature? _signature;
    private AgentException? _failure;
    private int _failures;
    private long _failedAt;
    private int _asked;
    private bool _isLost;
    private bool _isClosed;
    private int _maxRows;

    public ModelPool(
        AgentConfig agent, OnnxSettings settings, AgentKindContext context, ModelLoader loader, OnnxLog log, Device device)
    {
        (Agent, Context, Loader, Log, Device) = (agent, context, loader, log, device);
        Queue = new BatchQueue(context.Time, settings.MaxBatchDelay);
        _count = settings.Instances;
        _onDemand = device.Gpu is not null && context.LeasesGpuMemory && agent.Resources.GpuMemoryBytes > 0;
        _maxRows = settings.MaxBatchSize;
        lock (_gate)
        {
            for (var i = 1; i <= _count; i++)
            {
                _instances.Add(new ModelInstance(this, i));
            }
        }
    }

    public AgentConfig Agent { get; }
    public AgentKindContext Context { get; }
    public ModelLoader Loader { get; }
    public OnnxLog Log { get; }
    public Device Device { get; }
    public BatchQueue Queue { get; }

    /// <summary>How many rows a batch may have; it shrinks when memory runs out.</summary>
    public int MaxRows => Volatile.Read(ref _maxRows);

    public AgentHealth Health
    {
        get
        {
            lock (_gate)
            {
                return _failure is { } failure ? AgentHealth.Unhealthy(failure.Message)
                    : _ready.Count == 0 && _signature is null ? AgentHealth.Starting
                    : AgentHealth.Healthy;
            }
        }
    }

    /// <summary>Completes when all instances are ready.</summary>
    /// <exception cref="AgentException">One could not be loaded; with the reason.</exception>
    public async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task outcome;
            lock (_gate)
            {
                if (_ready.Count == _count)
                {
                    return;
                }
                if (_isLost)
                {
                    throw _failure!;
                }
                outcome = _outcome.Task;
            }
            await outcome.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What the model takes and answers with; waits while it is loaded for the first time.</summary>
    /// <exception cref="AgentException">It could not be loaded.</exception>
    public async ValueTask<ModelSignature> SignatureAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task outcome;
            lock (_gate)
            {
                if (_isClosed)
                {
                    throw Closed();
                }
                if (_failure is { } failure && _ready.Count == 0)
                {
                    if (!_onDemand || _isLost || PauseLeft() > TimeSpan.Zero)
                    {
                        throw Again(failure);
                    }
                    _asked = _count;
                    Monitor.PulseAll(_gate);
                }
                else if (_signature is { } signature)
                {
                    return signature;
                }
                outcome = _outcome.Task;
            }
            await outcome.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Whether an instance is to load the model. Waits until it is time for that after a failure.</summary>
    public bool MayLoad()
    {
        lock (_gate)
        {
            while (_failures > 0 && !_isClosed && !_isLost && !MayTryAgain())
            {
                var left = PauseLeft();
                using var pause = left <= TimeSpan.Zero
                    ? null
                    : Context.Time.CreateTimer(static pool => ((ModelPool)pool!).Wake(), this, left, Timeout.InfiniteTimeSpan);
                Monitor.Wait(_gate);
            }
            return !_isClosed && !_isLost;
        }
    }

    /// <summary>An instance is ready.</summary>
    public void Loaded(ModelInstance instance, ModelSignature signature, Device device)
    {
        TaskCompletionSource outcome;
        lock (_gate)
        {
            _signature = signature;
            _failure = null;
            _failures = 0;
            Monitor.PulseAll(_gate);
            _ready.Add(instance);
            (outcome, _outcome) = (_outcome, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        Log.Loaded(Agent.Name, device.ToString());
        outcome.SetResult();
    }

    /// <summary>An instance could not load the model.</summary>
    public void NotLoaded(ModelInstance instance, AgentException failure)
    {
        TaskCompletionSource outcome;
        lock (_gate)
        {
            _ready.Remove(instance);
            if (_isClosed)
            {
                return;
            }
            if (_failure?.Message != failure.Message)
            {
                Log.NotLoaded(Agent.Name, failure.Message);
            }
            _failure = failure;
            _failures++;
            _failedAt = Context.Time.GetTimestamp();
            if (_ready.Count == 0)
            {
                Queue.FailAll(Again(failure));
            }
            (outcome, _outcome) = (_outcome, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        _ = outcome.Task.Exception; // nobody may be waiting
        outcome.SetException(failure);
        _ = outcome.Task.Exception;
    }

    /// <summary>The GPU cannot be used any more by this process.</summary>
    public void Lose(AgentException failure)
    {
        lock (_gate)
        {
            (_isLost, _failure) = (true, failure);
            _ready.Clear();
            Queue.FailAll(Again(failure));
            Queue.Close();
        }
        Log.Lost(Agent.Name, failure.Message);
    }

    /// <summary>Memory has run out for so many rows.</summary>
    public void Halve(int rows, string reason)
    {
        lock (_gate)
        {
            _maxRows = Math.Max(1, Math.Min(_maxRows, rows / 2));
            Log.Halved(Agent.Name, _maxRows, reason);
        }
    }

    /// <summary>Lets all sessions go: those that compute when they have been ended.</summary>
    public async Task CloseAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
            Queue.Close();
            Queue.FailAll(Closed());
            _instances.ForEach(i => i.Stop());
            Monitor.PulseAll(_gate);
        }
        try
        {
            // What cannot be ended goes with the process; to dispose of it would end that.
            await Task.WhenAll(_instances.Select(i => i.Ended)).WaitAsync(Context.CancelGrace, Context.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Log.NotEnded(Agent.Name);
        }
    }

    /// <summary>The failure of what comes while the agent is let go.</summary>
    public AgentException Closed() => new(OnnxErrors.Closed, $"Agent '{Agent.Name}' is being replaced or stopped.");

    private bool MayTryAgain()
    {
        if (PauseLeft() > TimeSpan.Zero || (_onDemand && _asked == 0))
        {
            return false;
        }
        _asked = Math.Max(0, _asked - 1);
        return true;
    }

    private TimeSpan PauseLeft() => _failures == 0
        ? TimeSpan.Zero
        : TimeSpan.FromTicks(Math.Min(s_firstPause.Ticks << Math.Min(_failures - 1, 10), s_longestPause.Ticks))
            - Context.Time.GetElapsedTime(_failedAt);

    // One exception for each that it is thrown for.
    private AgentException Again(AgentException failure)
    {
        var left = PauseLeft();
        return new AgentException(failure.Code, failure.Message, failure.Retryable, failure.InnerException)
        {
            RetryAfter = failure.Retryable && left > TimeSpan.Zero ? left : null,
        };
    }

    private void Wake()
    {
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
        }
    }
}
