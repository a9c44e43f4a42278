using System.Runtime.InteropServices;

namespace AgentGrid.Embedded.Tests.Simulation.Disk;

/// <summary>One file: what a process reads, what is on the disk, and what lies between them.</summary>
internal sealed class SimulatedFile
{
    private const int Sector = 512;

    private readonly List<(long Offset, byte[]? Data)> _unsynced = [];
    private readonly List<byte> _cached;
    private readonly List<byte> _durable;
    private readonly List<nint> _sharedMemory = [];
    private readonly HashSet<object> _readers = new(ReferenceEqualityComparer.Instance);

    public SimulatedFile()
        : this([], [])
    {
    }

    private SimulatedFile(List<byte> cached, List<byte> durable)
    {
        _cached = cached;
        _durable = durable;
    }

    ~SimulatedFile()
    {
        FreeSharedMemory();
    }

    public long Length => _cached.Count;

    public ReadOnlySpan<byte> Content => CollectionsMarshal.AsSpan(_cached);

    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        Put(_cached, offset, data);
        _unsynced.Add((offset, data.ToArray()));
    }

    public void Truncate(long length)
    {
        Cut(_cached, length);
        _unsynced.Add((length, null));
    }

    public void Sync()
    {
        foreach (var (offset, data) in _unsynced)
        {
            Apply(_durable, offset, data);
        }
        _unsynced.Clear();
    }

    public void Forget() => _unsynced.Clear();

    /// <param name="chance">Decides what survives a power failure; null when the page cache survives.</param>
    public SimulatedFile AfterCrash(Random? chance)
    {
        if (chance is null)
        {
            // Without what a failed sync has dropped. On some file systems it would outlive the process, look sound,
            // and go with the next power failure; no program that reads its own files can know of that.
            var survivor = new SimulatedFile([.. _durable], [.. _durable]);
            _unsynced.ForEach(w => Apply(survivor._cached, w.Offset, w.Data));
            survivor._unsynced.AddRange(_unsynced);
            return survivor;
        }
        var left = new List<byte>(_durable);
        switch (chance.Next(4))
        {
            case 0: // nothing
                break;
            case 1: // the first few, the last of them torn
                var kept = chance.Next(_unsynced.Count + 1);
                _unsynced.Take(kept).ToList().ForEach(w => Apply(left, w.Offset, w.Data));
                if (kept < _unsynced.Count)
                {
                    Tear(left, _unsynced[kept], chance);
                }
                break;
            case 2: // any of them, whole
                _unsynced.Where(_ => chance.Next(2) == 0).ToList().ForEach(w => Apply(left, w.Offset, w.Data));
                break;
            default: // any sectors of any of them
                _unsynced.ForEach(w => Tear(left, w, chance));
                break;
        }
        return new SimulatedFile(left, [.. left]);
    }

    /// <summary>Memory that all connections to the file share; gone with the process.</summary>
    public unsafe nint SharedMemory(int region, int size, bool extend)
    {
        while (extend && _sharedMemory.Count <= region)
        {
            _sharedMemory.Add((nint)NativeMemory.AllocZeroed((nuint)size));
        }
        return region < _sharedMemory.Count ? _sharedMemory[region] : 0;
    }

    public unsafe void FreeSharedMemory()
    {
        foreach (var region in _sharedMemory)
        {
            NativeMemory.Free((void*)region);
        }
        _sharedMemory.Clear();
    }

    /// <returns>False when somebody else has a lock that does not go with this one.</returns>
    public bool TryLock(object holder, bool exclusively)
    {
        if (exclusively && _readers.Any(r => r != holder))
        {
            return false;
        }
        _readers.Add(holder);
        return true;
    }

    public void Unlock(object holder) => _readers.Remove(holder);

    private static void Tear(List<byte> content, (long Offset, byte[]? Data) write, Random chance)
    {
        if (write.Data is not { } data)
        {
            return;
        }
        for (var start = 0; start < data.Length; start += Sector)
        {
            if (chance.Next(2) == 0)
            {
                Put(content, write.Offset + start, data.AsSpan(start, Math.Min(Sector, data.Length - start)));
            }
        }
    }

    private static void Apply(List<byte> content, long offset, byte[]? data)
    {
        if (data is null)
        {
            Cut(content, offset);
        }
        else
        {
            Put(content, offset, data);
        }
    }

    private static void Put(List<byte> content, long offset, ReadOnlySpan<byte> data)
    {
        if (content.Count < offset + data.Length)
        {
            var before = content.Count;
            CollectionsMarshal.SetCount(content, (int)offset + data.Length);
            CollectionsMarshal.AsSpan(content)[before..].Clear();
        }
        data.CopyTo(CollectionsMarshal.AsSpan(content)[(int)offset..]);
    }

    private static void Cut(List<byte> content, long length)
    {
        if (length < content.Count)
        {
            CollectionsMarshal.SetCount(content, (int)length);
        }
    }
}
