using AgentGrid.Engine;

namespace AgentGrid.Simulation.Grid;

/// <summary>The one thread of a simulated process: it does what is ready in the order in which it came.</summary>
/// <param name="random">Where ids and seeds come from.</param>
internal sealed class SimulatedThread(Random random) : Platform
{
    private readonly Queue<IThreadPoolWorkItem> _ready = new();
    private readonly List<(Task Task, Action Continue)> _waits = [];

    /// <summary>The id of the next run; null for any.</summary>
    public Guid? NextId { get; set; }

    /// <summary>The seed of the next run; null for any.</summary>
    public ulong? NextSeed { get; set; }

    // The task itself is only looked at: a continuation of it could run anywhere.
    public override Task<T> Wait<T>(Task<T> task)
    {
        if (task.IsCompleted)
        {
            return task;
        }
        var source = new TaskCompletionSource<T>();
        _waits.Add((task, () => source.SetFromTask(task)));
        return source.Task;
    }

    public override Task Wait(Task task)
    {
        if (task.IsCompleted)
        {
            return task;
        }
        var source = new TaskCompletionSource();
        _waits.Add((task, () => source.SetFromTask(task)));
        return source.Task;
    }

    public override void Queue(IThreadPoolWorkItem work, bool preferLocal) => _ready.Enqueue(work);

    public override Guid NewId(DateTimeOffset now)
    {
        if (NextId is { } id)
        {
            NextId = null;
            return id;
        }
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    public override ulong NewSeed()
    {
        var seed = NextSeed ?? (ulong)random.NextInt64();
        NextSeed = null;
        return seed;
    }

    /// <summary>Does all that is ready, and what that makes ready.</summary>
    public void RunAll()
    {
        do
        {
            while (_ready.TryDequeue(out var work))
            {
                work.Execute();
            }
        }
        while (ContinueOne());
    }

    /// <summary>The process is dead: what is ready is never done.</summary>
    public void Stop()
    {
        _ready.Clear();
        _waits.Clear();
    }

    private bool ContinueOne()
    {
        var at = _waits.FindIndex(static w => w.Task.IsCompleted);
        if (at < 0)
        {
            return false;
        }
        var wait = _waits[at];
        _waits.RemoveAt(at);
        wait.Continue();
        return true;
    }
}
