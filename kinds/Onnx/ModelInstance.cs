using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Onnx.Batches;
using AgentGrid.Kinds.Onnx.Models;
using AgentGrid.Kinds.Onnx.Tensors;
using Microsoft.ML.OnnxRuntime;

namespace AgentGrid.Kinds.Onnx;

/// <summary>
/// One session with a thread of its own, which loads the model, computes what is queued, and disposes of it. CUDA keeps state
/// for each thread that calls it, so threads of the pool would multiply that.
/// </summary>
internal sealed class ModelInstance
{
    private readonly ModelPool _pool;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly UsualTime _usual = new();
    private SessionOptions? _loading;
    private RunOptions? _running;
    private bool _isStopped;

    public ModelInstance(ModelPool pool, int number)
    {
        _pool = pool;
        new Thread(Live) { IsBackground = true, Name = $"onnx {pool.Agent.Name} {number}" }.Start();
    }

    /// <summary>Completes when its session is disposed of.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Ends what is being loaded or computed, whoever waits.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopped = true;
            _loading?.SetLoadCancellationFlag(true);
            _running?.Terminate = true;
        }
    }

    private void Live()
    {
        try
        {
            while (_pool.MayLoad())
            {
                if (TryLoad() is var (model, device))
                {
                    using (model)
                    {
                        ComputeAll(model, device);
                    }
                }
            }
        }
        finally
        {
            _ended.SetResult();
        }
    }

    private (Model Model, Device Device)? TryLoad()
    {
        Model? model = null;
        try
        {
            (model, var device) = _pool.Loader.Load(_pool.Device, Loading);
            WarmUp(model);
            _pool.Loaded(this, model.Signature, device);
            return (model, device);
        }
        catch (Exception e)
        {
            model?.Dispose();
            if (OrtFailure.Of(e) == FailureKind.OutOfMemory && _pool.MaxRows > 1)
            {
                _pool.Halve(_pool.MaxRows, OrtFailure.Reason(e));
                return null;
            }
            _pool.NotLoaded(this, e as AgentException ?? OrtFailure.OfLoad(e, $"Agent '{_pool.Agent.Name}': the model's first run has failed"));
            return null;
        }
    }

    private void Loading(SessionOptions? options)
    {
        lock (_gate)
        {
            _loading = options;
            if (_isStopped)
            {
                options?.SetLoadCancellationFlag(true);
            }
        }
    }

    // Zeros may be nothing that a model can compute, which says nothing about what else it can. Outputs that cannot be told
    // apart, memory and time say something.
    private void WarmUp(Model model)
    {
        foreach (var rows in model.Signature.Batches ? (int[])[2, 1, _pool.MaxRows] : [1])
        {
            using var options = Quiet();
            using var late = _pool.Context.Time.CreateTimer(
                _ => EndRun(options), null, _pool.Agent.Timeout, Timeout.InfiniteTimeSpan);
            Enter(options);
            try
            {
                model.WarmUp(rows, options);
            }
            catch (OnnxRuntimeException e) when (OrtFailure.Of(e) is FailureKind.BadInput or FailureKind.Other && !options.Terminate)
            {
                _pool.Log.NotWarm(_pool.Agent.Name, OrtFailure.Reason(e));
                return;
            }
            catch (OnnxRuntimeException) when (options.Terminate)
            {
                throw new AgentException(
                    OnnxErrors.NotLoaded,
                    $"Agent '{_pool.Agent.Name}': the model's first run, of zeros, took longer than 'timeout', {_pool.Agent.Timeout}.",
                    retryable: false);
            }
            catch (ModelOutputException e)
            {
                throw new AgentException(
                    OnnxErrors.NotLoaded, $"Agent '{_pool.Agent.Name}': the model and the configuration do not go together: {e.Message}",
                    retryable: false);
            }
            finally
            {
                Leave();
            }
        }
    }

    // Until memory has run out, the GPU is lost, or nothing is to be computed any more.
    private void ComputeAll(Model model, Device device)
    {
        while (_pool.Queue.Take(_pool.MaxRows, _usual.Median) is { } batch)
        {
            foreach (var run in batch.Runs)
            {
                OnnxMetrics.RecordWait(_pool.Agent.Name, device, _pool.Context.Time.GetElapsedTime(run.QueuedAt));
            }
            if (!Compute(model, device, batch))
            {
                return;
            }
        }
    }

    /// <returns>False when the session is of no use any more.</returns>
    private bool Compute(Model model, Device device, Batch batch)
    {
        if (batch.IsUnwanted)
        {
            Cancel(batch.Runs);
            return true;
        }
        using var options = Quiet();
        try
        {
            var outputs = Run(model, device, batch, options);
            foreach (var (run, output) in batch.Runs.Zip(outputs))
            {
                run.Succeed(output);
            }
            return true;
        }
        catch (Exception e)
        {
            return batch.IsUnwanted ? Unwanted(batch, e) : Failed(model, device, batch, e);
        }
    }

    private ImmutableArray<TensorData>[] Run(Model model, Device device, Batch batch, RunOptions options)
    {
        var start = _pool.Context.Time.GetTimestamp();
        batch.Begin(options);
        Enter(options);
        try
        {
            return model.Run([.. batch.Runs.Select(r => r.Inputs)], options);
        }
        finally
        {
            Leave();
            batch.End();
            var time = _pool.Context.Time.GetElapsedTime(start);
            _usual.Add(time);
            OnnxMetrics.RecordRun(_pool.Agent.Name, device, batch.Runs.Length, time);
        }
    }

    private bool Unwanted(Batch batch, Exception e)
    {
        Cancel(batch.Runs);
        return OrtFailure.Of(e) is not (FailureKind.OutOfMemory or FailureKind.GpuLost);
    }

    private bool Failed(Model model, Device device, Batch batch, Exception e)
    {
        var kind = OrtFailure.Of(e);
        if (kind == FailureKind.GpuLost && device.Gpu is not null)
        {
            var lost = OrtFailure.OfRun(e, _pool.Agent.Name);
            Fail(batch, lost);
            _pool.Lose(lost);
            return false;
        }
        if (kind == FailureKind.OutOfMemory)
        {
            OutOfMemory(device, batch, e);
            return false;
        }
        if (Volatile.Read(ref _isStopped))
        {
            Fail(batch, _pool.Closed());
            return true;
        }
        if (batch.Runs.Length == 1)
        {
            Fail(batch, e is OnnxRuntimeException ? OrtFailure.OfRun(e, _pool.Agent.Name) : e);
            return true;
        }
        // One of them is to blame, and the others are not to pay for it.
        _pool.Log.BatchFailed(_pool.Agent.Name, batch.Runs.Length, OrtFailure.Reason(e));
        for (var i = 0; i < batch.Runs.Length; i++)
        {
            var alone = _pool.Queue.Alone(batch.Runs[i]);
            if (alone.IsUnwanted)
            {
                batch.Runs[i].Cancel();
            }
            else if (!Compute(model, device, alone))
            {
                _pool.Queue.Return(batch.Runs[(i + 1)..]);
                return false;
            }
        }
        return true;
    }

    // A session whose memory has run out may never allocate again: it is made anew. Several that had no room together may have
    // it one after the other.
    private void OutOfMemory(Device device, Batch batch, Exception e)
    {
        OnnxMetrics.RecordReload(_pool.Agent.Name, device);
        var rows = (int)Math.Min(batch.Runs.Sum(r => r.Rows), _pool.MaxRows);
        if (batch.Runs.Length > 1)
        {
            _pool.Halve(rows, OrtFailure.Reason(e));
            _pool.Queue.Return(batch.Runs);
            return;
        }
        _pool.Log.OutOfMemory(_pool.Agent.Name, OrtFailure.Reason(e));
        Fail(batch, OrtFailure.OfRun(e, _pool.Agent.Name));
    }

    private static void Fail(Batch batch, Exception e)
    {
        foreach (var run in batch.Runs)
        {
            run.Fail(e);
        }
    }

    private static void Cancel(ImmutableArray<PendingRun> runs)
    {
        foreach (var run in runs)
        {
            run.Cancel();
        }
    }

    private void Enter(RunOptions options)
    {
        lock (_gate)
        {
            _running = options;
            if (_isStopped)
            {
                options.Terminate = true;
            }
        }
    }

    // Where that is still what runs.
    private void EndRun(RunOptions options)
    {
        lock (_gate)
        {
            if (_running == options)
            {
                options.Terminate = true;
            }
        }
    }

    private void Leave()
    {
        lock (_gate)
        {
            _running = null;
        }
    }

    // What fails is in the exception; ONNX Runtime would also log it as an error, a run that was cancelled among them.
    private static RunOptions Quiet() => new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
}
