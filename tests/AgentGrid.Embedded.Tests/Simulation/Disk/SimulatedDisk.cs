namespace AgentGrid.Embedded.Tests.Simulation.Disk;

/// <summary>
/// A disk in memory, and the page cache before it. What was written is in the cache at once, and on the disk only
/// after a sync: a power failure keeps any part of the rest, sector by sector. It can fail, be full, or stop the
/// process at any operation.
/// </summary>
internal sealed class SimulatedDisk(Random random)
{
    private readonly Dictionary<string, SimulatedFile> _files = new(StringComparer.Ordinal);

    /// <summary>Writes and syncs so far.</summary>
    public long Operations { get; private set; }
    public long Syncs { get; private set; }

    /// <summary>The operation at which the process dies; null for none.</summary>
    public long? DiesAt { get; set; }

    /// <summary>The process is dead: nothing that it still asks for happens.</summary>
    public bool IsDead { get; private set; }

    /// <summary>Writes and syncs fail.</summary>
    public bool Failing { get; set; }

    /// <summary>Files cannot grow.</summary>
    public bool Full { get; set; }

    /// <summary>Syncs do nothing, and say that all is well.</summary>
    public bool Lying { get; set; }

    /// <summary>When a process was last known to live; it is not synced.</summary>
    public DateTimeOffset? LastAlive { get; private set; }

    public void StayAlive(DateTimeOffset now) => LastAlive = IsDead ? LastAlive : now;

    public SimulatedFile? Find(string name) => _files.GetValueOrDefault(name);

    public SimulatedFile Open(string name)
    {
        if (!_files.TryGetValue(name, out var file))
        {
            _files.Add(name, file = new SimulatedFile());
        }
        return file;
    }

    public void Delete(string name) => _files.Remove(name);

    public DiskAnswer Write(SimulatedFile file, long offset, ReadOnlySpan<byte> data)
    {
        var answer = Next();
        if (answer != DiskAnswer.Done)
        {
            return answer;
        }
        if (Full && offset + data.Length > file.Length)
        {
            return DiskAnswer.Full;
        }
        file.Write(offset, data);
        return DiskAnswer.Done;
    }

    public DiskAnswer Truncate(SimulatedFile file, long length)
    {
        var answer = Next();
        if (answer == DiskAnswer.Done)
        {
            file.Truncate(length);
        }
        return answer;
    }

    public DiskAnswer Sync(SimulatedFile file)
    {
        var answer = Next();
        Syncs++;
        if (answer == DiskAnswer.Done && !Lying)
        {
            file.Sync();
        }
        else if (answer == DiskAnswer.Failed && random.Next(2) == 0)
        {
            // As kernels do: after a sync that failed the pages count as clean, and are never written.
            file.Forget();
        }
        return answer;
    }

    /// <summary>The process dies: nothing that it still asks for happens.</summary>
    public void Kill() => IsDead = true;

    /// <summary>The disk as the next process finds it. What is left of the old process keeps the old one.</summary>
    /// <param name="powerFailed">Without: the process died alone, and the page cache is still there.</param>
    public SimulatedDisk Restart(bool powerFailed)
    {
        var next = new SimulatedDisk(random)
        {
            Lying = Lying,
            LastAlive = powerFailed && random.Next(2) == 0 ? LastAlive - TimeSpan.FromSeconds(random.Next(30)) : LastAlive,
        };
        foreach (var (name, file) in _files)
        {
            next._files.Add(name, file.AfterCrash(powerFailed ? random : null));
        }
        return next;
    }

    private DiskAnswer Next()
    {
        Operations++;
        IsDead |= Operations >= DiesAt;
        return IsDead || Failing ? DiskAnswer.Failed : DiskAnswer.Done;
    }
}

internal enum DiskAnswer
{
    Done,
    Failed,
    Full,
}
