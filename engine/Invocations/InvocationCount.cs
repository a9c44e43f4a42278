namespace AgentGrid.Engine.Invocations;

/// <summary>How many invocations have not returned; lets a shutdown wait for them.</summary>
public sealed class InvocationCount
{
    private readonly Lock _gate = new();
    private int _running;
    private TaskCompletionSource? _idle;

    /// <summary>At least one has not returned.</summary>
    public bool AreRunning
    {
        get
        {
            lock (_gate)
            {
                return _running > 0;
            }
        }
    }

    /// <summary>One has begun.</summary>
    public void Add()
    {
        lock (_gate)
        {
            _running++;
        }
    }

    /// <summary>One has returned.</summary>
    public void Remove()
    {
        TaskCompletionSource? idle = null;
        lock (_gate)
        {
            if (--_running == 0)
            {
                (idle, _idle) = (_idle, null);
            }
        }
        idle?.SetResult();
    }

    /// <summary>Completes when none runs, which can be now.</summary>
    public Task WhenIdleAsync()
    {
        lock (_gate)
        {
            return _running == 0
                ? Task.CompletedTask
                : (_idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
