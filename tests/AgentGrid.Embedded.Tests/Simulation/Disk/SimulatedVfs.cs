using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace AgentGrid.Embedded.Tests.Simulation.Disk;

/// <summary>
/// A file system for SQLite (sqlite3_vfs) whose files are on simulated disks: a path belongs to the disk that was
/// mounted on its folder. What uses one disk does so from one thread at a time, so locks are granted as they come;
/// what is left of locking is who is the last to close a file.
/// </summary>
internal static unsafe partial class SimulatedVfs
{
    public const string Name = "simulated";

    private const int Ok = 0, Busy = 5, IoError = 10, Full = 13, CannotOpen = 14, NotFound = 12;
    private const int ReadError = IoError | (1 << 8), ShortRead = IoError | (2 << 8), WriteError = IoError | (3 << 8),
        SyncError = IoError | (4 << 8), NoEntry = IoError | (23 << 8);

    private const int CreateFlag = 4, ExclusiveLock = 4, PowersafeOverwrite = 0x1000;
    private const int MaxPath = 1_024;

    private static readonly ConcurrentDictionary<string, SimulatedDisk> s_disks = new(StringComparer.Ordinal);
    private static readonly Lazy<nint> s_registered = new(Register);

    /// <summary>Files in a folder are on this disk from now on.</summary>
    public static void Mount(string folder, SimulatedDisk disk)
    {
        _ = s_registered.Value;
        s_disks[Path.GetFullPath(folder)] = disk;
    }

    public static void Unmount(string folder) => s_disks.TryRemove(Path.GetFullPath(folder), out _);

    [LibraryImport("e_sqlite3")]
    private static partial int sqlite3_vfs_register(Vfs* vfs, int makeDefault);

    private static nint Register()
    {
        SQLitePCL.Batteries_V2.Init();
        var methods = (IoMethods*)NativeMemory.AllocZeroed((nuint)sizeof(IoMethods));
        *methods = new IoMethods
        {
            Version = 2,
            Close = &Close,
            Read = &Read,
            Write = &Write,
            Truncate = &Truncate,
            Sync = &Sync,
            FileSize = &FileSize,
            Lock = &Lock,
            Unlock = &Unlock,
            CheckReservedLock = &CheckReservedLock,
            FileControl = &FileControl,
            SectorSize = &SectorSize,
            DeviceCharacteristics = &DeviceCharacteristics,
            ShmMap = &ShmMap,
            ShmLock = &ShmLock,
            ShmBarrier = &ShmBarrier,
            ShmUnmap = &ShmUnmap,
        };
        var vfs = (Vfs*)NativeMemory.AllocZeroed((nuint)sizeof(Vfs));
        *vfs = new Vfs
        {
            Version = 2,
            FileBytes = sizeof(OpenFile),
            MaxPathname = MaxPath,
            Name = (byte*)Marshal.StringToCoTaskMemUTF8(Name),
            AppData = methods,
            Open = &Open,
            Delete = &Delete,
            Access = &Access,
            FullPathname = &FullPathname,
            Randomness = &Randomness,
            Sleep = &Sleep,
            CurrentTime = &CurrentTime,
            GetLastError = &GetLastError,
            CurrentTimeInt64 = &CurrentTimeInt64,
        };
        var code = sqlite3_vfs_register(vfs, 0);
        return code == Ok ? (nint)vfs : throw new InvalidOperationException($"sqlite3_vfs_register answered {code}");
    }

    // Null when it has been unmounted: something that was left behind is being collected.
    private static SimulatedDisk? DiskOf(byte* path, out string name)
    {
        var text = Marshal.PtrToStringUTF8((nint)path)!;
        name = Path.GetFileName(text);
        return s_disks.GetValueOrDefault(Path.GetDirectoryName(text)!);
    }

    private static Handle HandleOf(OpenFile* file) => (Handle)GCHandle.FromIntPtr(file->Handle).Target!;

    private static int CodeOf(DiskAnswer answer, int error) => answer switch
    {
        DiskAnswer.Done => Ok,
        DiskAnswer.Full => Full,
        _ => error,
    };

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(Vfs* vfs, byte* name, OpenFile* file, int flags, int* outFlags)
    {
        file->Methods = null;
        // Without a name it would be a temporary file; but temp_store is MEMORY.
        if (name is null || DiskOf(name, out var fileName) is not { } disk
            || (disk.Find(fileName) is null && (flags & CreateFlag) == 0))
        {
            return CannotOpen;
        }
        file->Handle = GCHandle.ToIntPtr(GCHandle.Alloc(new Handle(disk, disk.Open(fileName))));
        file->Methods = (IoMethods*)vfs->AppData;
        if (outFlags is not null)
        {
            *outFlags = flags;
        }
        return Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Delete(Vfs* vfs, byte* name, int syncFolder)
    {
        if (DiskOf(name, out var fileName) is not { IsDead: false } disk)
        {
            return IoError;
        }
        if (disk.Find(fileName) is null)
        {
            return NoEntry;
        }
        disk.Delete(fileName);
        return Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Access(Vfs* vfs, byte* name, int flags, int* result)
    {
        // As the Unix one does: an empty file counts as none.
        *result = DiskOf(name, out var fileName)?.Find(fileName) is { } file && (flags != 0 || file.Length > 0) ? 1 : 0;
        return Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int FullPathname(Vfs* vfs, byte* name, int size, byte* full)
    {
        var path = Encoding.UTF8.GetBytes(Path.GetFullPath(Marshal.PtrToStringUTF8((nint)name)!));
        if (path.Length + 1 > size)
        {
            return CannotOpen;
        }
        path.CopyTo(new Span<byte>(full, size));
        full[path.Length] = 0;
        return Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Randomness(Vfs* vfs, int count, byte* bytes)
    {
        new Span<byte>(bytes, count).Fill(42);
        return count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sleep(Vfs* vfs, int microseconds) => microseconds;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CurrentTime(Vfs* vfs, double* days)
    {
        *days = 2_461_041.5;
        return Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CurrentTimeInt64(Vfs* vfs, long* milliseconds)
    {
        *milliseconds = 212_633_985_600_000;
        return Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetLastError(Vfs* vfs, int size, byte* text) => Ok;

    private sealed record Handle(SimulatedDisk Disk, SimulatedFile File);
}
