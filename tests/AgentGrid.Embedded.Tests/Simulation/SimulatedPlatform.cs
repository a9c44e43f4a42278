using System.Buffers.Binary;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Runs;
using AgentGrid.Embedded.Tests.Simulation.Disk;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>
/// A process in which one thing happens at a time: what is ready waits here to be picked, and so does whoever waited
/// for something that has come.
/// </summary>
internal sealed class SimulatedPlatform(Random random, Func<JournalFile, JournalSession> openSession) : EmbeddedPlatform
{
    // By run, because the engine may queue several runs in an order that is not the same in every process.
    private readonly List<RunActor> _actors = [];
    private readonly List<IThreadPoolWorkItem> _others = [];
    private readonly List<(Task Task, Action Continue)> _waits = [];

    public override string FileSystem => SimulatedVfs.Name;

    public int Ready => _actors.Count + _others.Count + _waits.Count(w => w.Task.IsCompleted);

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

    public override void Queue(IThreadPoolWorkItem work, bool preferLocal)
    {
        if (work is RunActor actor)
        {
            // A run that has been retried can have an older actor with nothing but late results.
            var after = _actors.FindIndex(a => a.Ref.Id.CompareTo(actor.Ref.Id) > 0);
            _actors.Insert(after < 0 ? _actors.Count : after, actor);
        }
        else
        {
            _others.Add(work);
        }
    }

    /// <summary>Does one of the things that are ready.</summary>
    public void RunOne()
    {
        var index = random.Next(Ready);
        if (index < _actors.Count)
        {
            var actor = _actors[index];
            _actors.RemoveAt(index);
            ((IThreadPoolWorkItem)actor).Execute();
        }
        else if ((index -= _actors.Count) < _others.Count)
        {
            var work = _others[index];
            _others.RemoveAt(index);
            work.Execute();
        }
        else
        {
            var wait = _waits.Where(w => w.Task.IsCompleted).ElementAt(index - _others.Count);
            _waits.Remove(wait);
            wait.Continue();
        }
    }

    // The journal's thread does nothing by itself: its commits are steps of the simulation. Who waits for its end
    // gets what it would do until then.
    public override Action StartThread(string name, ThreadStart body) => new(body);

    public override JournalSession OpenSession(JournalFile file) => openSession(file);

    public override Guid NewId(DateTimeOffset now)
    {
        Span<byte> id = stackalloc byte[16];
        random.NextBytes(id);
        BinaryPrimitives.WriteInt64BigEndian(id, now.ToUnixTimeMilliseconds() << 16);
        return new Guid(id, bigEndian: true);
    }

    public override ulong NewSeed() => (ulong)random.NextInt64();
}
