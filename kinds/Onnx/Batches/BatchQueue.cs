using System.Collections.Immutable;

namespace AgentGrid.Kinds.Onnx.Batches;

/// <summary>
/// Attempts in the order in which they came. A thread that is free takes the first with those behind it that fit into one
/// batch with it, so none is passed over for long. While a batch is not full it may wait for others.
/// </summary>
internal sealed class BatchQueue(TimeProvider time, TimeSpan maxDelay)
{
    private readonly object _gate = new();
    private readonly LinkedList<PendingRun> _waiting = [];
    private bool _isClosed;

    /// <summary>Adds an attempt; false when the queue is closed.</summary>
    public bool TryAdd(PendingRun run)
    {
        lock (_gate)
        {
            if (!_isClosed)
            {
                _waiting.AddLast(run);
                Monitor.PulseAll(_gate);
            }
            return !_isClosed;
        }
    }

    /// <summary>Puts attempts back that were taken, to be the next ones.</summary>
    public void Return(ImmutableArray<PendingRun> runs)
    {
        lock (_gate)
        {
            foreach (var run in runs.Reverse())
            {
                run.Batch = null;
                if (run.IsCancelled)
                {
                    run.Cancel();
                    continue;
                }
                _waiting.AddFirst(run);
            }
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits for the next batch.</summary>
    /// <param name="maxRows">As many rows may be in it, unless one attempt has more.</param>
    /// <param name="usual">How long a run takes: none waits for others until it is too late for itself.</param>
    /// <returns>Null when the queue is closed.</returns>
    public Batch? Take(int maxRows, TimeSpan usual)
    {
        lock (_gate)
        {
            while (!_isClosed)
            {
                if (_waiting.First is not { } first)
                {
                    Monitor.Wait(_gate);
                    continue;
                }
                var (runs, isFull) = Collect(first, maxRows);
                var patience = isFull ? TimeSpan.Zero : Patience(runs, usual);
                if (patience > TimeSpan.Zero)
                {
                    WaitFor(patience);
                    continue;
                }
                return Take(runs);
            }
            return null;
        }
    }

    /// <summary>Takes these alone, as when they failed together; those that nobody waits for any more are left out.</summary>
    public Batch Alone(PendingRun run)
    {
        lock (_gate)
        {
            var batch = new Batch(run.IsCancelled ? [] : [run]);
            run.Batch = batch;
            return batch;
        }
    }

    /// <summary>Nobody waits for it any more.</summary>
    public void Cancel(PendingRun run)
    {
        Batch? batch;
        lock (_gate)
        {
            if (run.IsCancelled)
            {
                return;
            }
            run.IsCancelled = true;
            batch = run.Batch;
            if (batch is null)
            {
                _waiting.Remove(run);
            }
        }
        if (batch is null)
        {
            run.Cancel();
        }
        else
        {
            batch.Cancel(run);
        }
    }

    /// <summary>Fails all that wait.</summary>
    public void FailAll(Exception exception)
    {
        lock (_gate)
        {
            foreach (var run in _waiting)
            {
                run.Fail(exception);
            }
            _waiting.Clear();
        }
    }

    /// <summary>Takes no further attempts, and lets all threads go.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private Batch Take(List<PendingRun> runs)
    {
        var batch = new Batch([.. runs]);
        foreach (var run in runs)
        {
            _waiting.Remove(run);
            run.Batch = batch;
        }
        return batch;
    }

    private static (List<PendingRun> Runs, bool IsFull) Collect(LinkedListNode<PendingRun> first, int maxRows)
    {
        var runs = new List<PendingRun> { first.Value };
        var rows = first.Value.Rows;
        for (var node = first.Next; node is not null && rows < maxRows; node = node.Next)
        {
            var run = node.Value;
            if (!run.Joins(first.Value))
            {
                continue;
            }
            if (rows + run.Rows > maxRows)
            {
                return (runs, true);
            }
            runs.Add(run);
            rows += run.Rows;
        }
        return (runs, rows >= maxRows);
    }

    private TimeSpan Patience(List<PendingRun> runs, TimeSpan usual)
    {
        if (maxDelay == TimeSpan.Zero)
        {
            return TimeSpan.Zero;
        }
        var left = maxDelay - time.GetElapsedTime(runs[0].QueuedAt);
        var spare = runs.Min(r => r.Deadline) - time.GetUtcNow() - usual;
        return left < spare ? left : spare;
    }

    // Until something changes, or the time is over.
    private void WaitFor(TimeSpan patience)
    {
        using var timer = time.CreateTimer(
            static queue => ((BatchQueue)queue!).Wake(), this, patience, Timeout.InfiniteTimeSpan);
        Monitor.Wait(_gate);
    }

    private void Wake()
    {
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
        }
    }
}
