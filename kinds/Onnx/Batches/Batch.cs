using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;

namespace AgentGrid.Kinds.Onnx.Batches;

/// <summary>
/// Attempts that are computed together. One that is cancelled leaves the others alone; when all are, the run is ended.
/// </summary>
internal sealed class Batch(ImmutableArray<PendingRun> runs)
{
    private readonly Lock _gate = new();
    private int _wanted = runs.Length;
    private RunOptions? _options;

    public ImmutableArray<PendingRun> Runs => runs;

    /// <summary>Nobody waits for any of them any more.</summary>
    public bool IsUnwanted => Volatile.Read(ref _wanted) == 0;

    /// <summary>What is computed with these can be ended from now on.</summary>
    public void Begin(RunOptions options)
    {
        lock (_gate)
        {
            _options = options;
            options.Terminate = _wanted == 0;
        }
    }

    /// <summary>It is not computed any more, so that what it was computed with can be disposed.</summary>
    public void End()
    {
        lock (_gate)
        {
            _options = null;
        }
    }

    /// <summary>Nobody waits for one of them any more. The last one returns when the model has stopped.</summary>
    public void Cancel(PendingRun run)
    {
        lock (_gate)
        {
            if (--_wanted == 0)
            {
                _options?.Terminate = true;
                return;
            }
        }
        run.Cancel();
    }
}
