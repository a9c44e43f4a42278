using System.Buffers.Binary;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Runs;
using AgentGrid.Embedded.Tests.Simulation.Disk;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>
/// A process in which one thing happens at a time. Whoever waits for the engine goes on at once, within the step that
/// completed what it waited for; everything else waits here to be picked.
/// </summary>
internal sealed class SimulatedPlatform(Random random, Func<JournalFile, JournalSession> openSession) : Platform
{
    // By run, because the engine may queue several runs in an order that is not the same in every process.
    private readonly SortedList<string, RunActor> _actors = new(StringComparer.Ordinal);
    private readonly List<IThreadPoolWorkItem> _others = [];

    public override TaskCreationOptions Continuations => TaskCreationOptions.None;
    public override string FileSystem => SimulatedVfs.Name;

    public int Ready => _actors.Count + _others.Count;

    public override void Queue(IThreadPoolWorkItem work, bool preferLocal)
    {
        if (work is RunActor actor)
        {
            _actors.Add(actor.Ref.Id.Value, actor);
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
        IThreadPoolWorkItem work;
        if (index < _actors.Count)
        {
            work = _actors.GetValueAtIndex(index);
            _actors.RemoveAt(index);
        }
        else
        {
            work = _others[index - _actors.Count];
            _others.RemoveAt(index - _actors.Count);
        }
        work.Execute();
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
