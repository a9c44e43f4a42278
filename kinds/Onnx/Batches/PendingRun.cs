using System.Collections.Immutable;
using AgentGrid.Kinds.Onnx.Tensors;

namespace AgentGrid.Kinds.Onnx.Batches;

/// <summary>An attempt that waits for its tensors to be computed, or whose tensors are.</summary>
/// <param name="inputs">In the order of the model's signature.</param>
/// <param name="deadline">When nobody waits any more.</param>
/// <param name="queuedAt">A timestamp.</param>
internal sealed class PendingRun(ImmutableArray<TensorData> inputs, DateTimeOffset deadline, long queuedAt)
{
    private readonly TaskCompletionSource<ImmutableArray<TensorData>> _done =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ImmutableArray<TensorData> Inputs => inputs;

    public DateTimeOffset Deadline => deadline;

    public long QueuedAt => queuedAt;

    /// <summary>What it adds to a batch.</summary>
    public long Rows => inputs.IsEmpty ? 1 : inputs[0].Rows;

    /// <summary>The outputs.</summary>
    public Task<ImmutableArray<TensorData>> Done => _done.Task;

    /// <summary>What it is in; null while it waits. Guarded by the queue.</summary>
    public Batch? Batch { get; set; }

    /// <summary>Nobody waits for it any more. Guarded by the queue.</summary>
    public bool IsCancelled { get; set; }

    /// <summary>Whether both can be computed in one run.</summary>
    public bool Joins(PendingRun other)
    {
        for (var i = 0; i < inputs.Length; i++)
        {
            if (!inputs[i].Joins(other.Inputs[i]))
            {
                return false;
            }
        }
        return true;
    }

    public void Succeed(ImmutableArray<TensorData> outputs) => _done.TrySetResult(outputs);

    public void Fail(Exception exception) => _done.TrySetException(exception);

    public void Cancel() => _done.TrySetCanceled();
}
