using System.Buffers.Binary;
using AgentGrid.Core.Grid;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Tests.Simulation.Disk;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Driving;
using AgentGrid.Simulation.Clock;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>
/// A process in which one thing happens at a time: what is ready waits here to be picked, and so does whoever waited
/// for something that has come.
/// </summary>
internal sealed class SimulatedPlatform(
    Random random, SimulatedDisk disk, SimulatedArtifacts artifacts, Func<JournalFile, JournalSession> openSession) : EmbeddedPlatform
{
    // By run, because the engine may queue several runs in an order that is not the same in every process.
    private readonly List<RunDriver> _drivers = [];
    private readonly List<IThreadPoolWorkItem> _others = [];
    private readonly SimulatedWaits _waits = new();

    public override string FileSystem => SimulatedVfs.Name;

    public int Ready => _drivers.Count + _others.Count + _waits.Ready;

    public override Task<T> Wait<T>(Task<T> task) => _waits.Wait(task);

    public override Task Wait(Task task) => _waits.Wait(task);

    public override void Queue(IThreadPoolWorkItem work, bool preferLocal)
    {
        if (work is RunDriver driver)
        {
            // A run that has been retried can have an older driver with nothing but late results.
            var after = _drivers.FindIndex(d => d.Id.CompareTo(driver.Id) > 0);
            _drivers.Insert(after < 0 ? _drivers.Count : after, driver);
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
        if (index < _drivers.Count)
        {
            var driver = _drivers[index];
            _drivers.RemoveAt(index);
            ((IThreadPoolWorkItem)driver).Execute();
        }
        else if ((index -= _drivers.Count) < _others.Count)
        {
            var work = _others[index];
            _others.RemoveAt(index);
            work.Execute();
        }
        else
        {
            _waits.Continue(index - _others.Count);
        }
    }

    // The journal's thread does nothing by itself: its commits are steps of the simulation. Who waits for its end
    // gets what it would do until then.
    public override Action StartThread(string name, ThreadStart body) => new(body);

    public override JournalSession OpenSession(JournalFile file) => openSession(file);

    public override IArtifactStore OpenArtifacts(string folder, ArtifactOptions options) => artifacts;

    public override LifeSign OpenLifeSign(JournalFile file) => new SimulatedLifeSign(disk);

    public override Guid NewId(DateTimeOffset now)
    {
        Span<byte> id = stackalloc byte[16];
        random.NextBytes(id);
        BinaryPrimitives.WriteInt64BigEndian(id, now.ToUnixTimeMilliseconds() << 16);
        return new Guid(id, bigEndian: true);
    }

    public override ulong NewSeed() => (ulong)random.NextInt64();
}

/// <summary>A sign of life that is on the simulated disk.</summary>
internal sealed class SimulatedLifeSign : LifeSign
{
    private readonly SimulatedDisk _disk;

    public SimulatedLifeSign(SimulatedDisk disk)
    {
        _disk = disk;
        Last = disk.LastAlive;
    }

    public override void Give(DateTimeOffset now) => _disk.StayAlive(now);
}
