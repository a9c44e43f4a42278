using AgentGrid.Engine;
using AgentGrid.Simulation.Clock;

namespace AgentGrid.Simulation.Grid;

/// <summary>The one thread of a simulated process: it does what is ready in the order in which it came.</summary>
/// <param name="random">Where ids and seeds come from.</param>
internal sealed class SimulatedThread(Random random) : Platform
{
    private readonly Queue<IThreadPoolWorkItem> _ready = new();
    private readonly SimulatedWaits _waits = new();

    /// <summary>The id of the next run; null for any.</summary>
    public Guid? NextId { get; set; }

    /// <summary>The seed of the next run; null for any.</summary>
    public ulong? NextSeed { get; set; }

    public override Task<T> Wait<T>(Task<T> task) => _waits.Wait(task);

    public override Task Wait(Task task) => _waits.Wait(task);

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
        while (true)
        {
            while (_ready.TryDequeue(out var work))
            {
                work.Execute();
            }
            if (_waits.Ready == 0)
            {
                return;
            }
            _waits.Continue(0);
        }
    }

    /// <summary>The process is dead: what is ready is never done.</summary>
    public void Stop()
    {
        _ready.Clear();
        _waits.Clear();
    }
}
