namespace AgentGrid.Simulation.Clock;

/// <summary>
/// Those who wait for a task in a simulated process: they go on when they are picked. The task itself is only looked at: a continuation
/// of it could run anywhere.
/// </summary>
public sealed class SimulatedWaits
{
    private readonly List<(Task Task, Action Continue)> _waits = [];

    /// <summary>How many can go on.</summary>
    public int Ready => _waits.Count(static w => w.Task.IsCompleted);

    /// <summary>A task that ends as another one does, when its turn comes; that one when it has ended.</summary>
    public Task<T> Wait<T>(Task<T> task)
    {
        if (task.IsCompleted)
        {
            return task;
        }
        var source = new TaskCompletionSource<T>();
        When(task, () => source.SetFromTask(task));
        return source.Task;
    }

    /// <inheritdoc cref="Wait{T}(Task{T})"/>
    public Task Wait(Task task)
    {
        if (task.IsCompleted)
        {
            return task;
        }
        var source = new TaskCompletionSource();
        When(task, () => source.SetFromTask(task));
        return source.Task;
    }

    /// <summary>Does something after a task, when its turn comes.</summary>
    public void When(Task task, Action then) => _waits.Add((task, then));

    /// <summary>Lets one go on.</summary>
    /// <param name="ready">Which of those that can, in the order in which they came.</param>
    public void Continue(int ready)
    {
        for (var i = 0; i < _waits.Count; i++)
        {
            if (_waits[i].Task.IsCompleted && ready-- == 0)
            {
                var then = _waits[i].Continue;
                _waits.RemoveAt(i);
                then();
                return;
            }
        }
        throw new ArgumentOutOfRangeException(nameof(ready), ready, "so many cannot go on");
    }

    /// <summary>Nobody waits any more, and nobody is told.</summary>
    public void Clear() => _waits.Clear();
}
