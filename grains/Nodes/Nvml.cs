using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace AgentGrid.Grains.Nodes;

/// <summary>
/// NVIDIA's management library, which comes with the driver. Sizes are in bytes.
/// Source: NVML API Reference Guide, docs.nvidia.com/deploy/nvml-api.
/// </summary>
internal sealed class Nvml : IDisposable
{
    private const int Success = 0;
    private const int NameBytes = 96;
    private const int MostProcesses = 256;
    private static readonly string[] Libraries = ["libnvidia-ml.so.1", "libnvidia-ml.so", "nvml.dll"];

    private readonly nint _library;
    private readonly Call _shutdown;
    private readonly Count _count;
    private readonly HandleByIndex _handle;
    private readonly GetName _name;
    private readonly GetMemory _memory;
    private readonly GetProcesses? _processes;

    // By device, the least that was ever in use; null where processes can be told apart.
    private readonly ConcurrentDictionary<uint, long>? _usedBefore;

    private Nvml(nint library, bool knowsProcesses)
    {
        _library = library;
        _usedBefore = knowsProcesses ? null : new();
        _shutdown = Function<Call>("nvmlShutdown");
        _count = Function<Count>("nvmlDeviceGetCount_v2");
        _handle = Function<HandleByIndex>("nvmlDeviceGetHandleByIndex_v2");
        _name = Function<GetName>("nvmlDeviceGetName");
        _memory = Function<GetMemory>("nvmlDeviceGetMemoryInfo");
        _processes = NativeLibrary.TryGetExport(library, "nvmlDeviceGetComputeRunningProcesses_v3", out var address)
            ? Marshal.GetDelegateForFunctionPointer<GetProcesses>(address)
            : null;
    }

    private delegate int Call();

    private delegate int Count(out uint count);

    private delegate int HandleByIndex(uint index, out nint device);

    private delegate int GetName(nint device, byte[] name, uint length);

    private delegate int GetMemory(nint device, out Memory memory);

    private delegate int GetProcesses(nint device, ref uint count, [In, Out] ProcessMemory[] processes);

    /// <summary>Opens the library of this machine's driver.</summary>
    /// <param name="reason">Why there is none.</param>
    public static Nvml? TryOpen(out string reason) =>
        TryOpen(Libraries, ProcessTree.AreKnownToTheDriver, out reason);

    /// <param name="libraries">Names or paths; the first that there is counts.</param>
    /// <param name="knowsProcesses">Its process numbers are those of this process, too.</param>
    /// <param name="reason">Why there is none.</param>
    internal static Nvml? TryOpen(IReadOnlyList<string> libraries, bool knowsProcesses, out string reason)
    {
        foreach (var name in libraries)
        {
            if (!NativeLibrary.TryLoad(name, out var library))
            {
                continue;
            }
            if (!NativeLibrary.TryGetExport(library, "nvmlInit_v2", out var address))
            {
                reason = $"{name} has no nvmlInit_v2; is the driver older than 4.x?";
                return null;
            }
            var code = Marshal.GetDelegateForFunctionPointer<Call>(address)();
            reason = code == Success ? "" : $"nvmlInit_v2 answered {code}; is the driver loaded?";
            return code == Success ? new Nvml(library, knowsProcesses) : null;
        }
        reason = "libnvidia-ml is not installed";
        return null;
    }

    /// <summary>Every device that answers; one that does not, as when it has fallen off the bus, is not there.</summary>
    public ImmutableArray<GpuDevice> Read()
    {
        var devices = ImmutableArray.CreateBuilder<GpuDevice>();
        if (_count(out var count) != Success)
        {
            return [];
        }
        for (var i = 0u; i < count; i++)
        {
            if (_handle(i, out var device) == Success && _memory(device, out var memory) == Success)
            {
                var here = UsedHere(i, device, (long)memory.Used);
                devices.Add(new GpuDevice(
                    (int)i, NameOf(device), (long)memory.Total, (long)memory.Used - here, here));
            }
        }
        return devices.ToImmutable();
    }

    public void Dispose() => _ = _shutdown();

    private string NameOf(nint device)
    {
        var name = new byte[NameBytes];
        return _name(device, name, NameBytes) == Success
            ? System.Text.Encoding.UTF8.GetString(name).TrimEnd('\0')
            : "unknown";
    }

    // Where processes cannot be told apart, what was in use before is that of others, and what came since is of this node:
    // taken for that of others, a model of its own would lock its own agent out.
    private long UsedHere(uint index, nint device, long used) => _usedBefore is null
        ? Math.Min(UsedByOwnProcesses(device), used)
        : used - _usedBefore.AddOrUpdate(index, used, (_, before) => Math.Min(before, used));

    // Of the processes that compute there, those of this node: agents may work in child processes.
    private long UsedByOwnProcesses(nint device)
    {
        var count = (uint)MostProcesses;
        var processes = new ProcessMemory[MostProcesses];
        if (_processes is null || _processes(device, ref count, processes) != Success)
        {
            return 0;
        }
        var used = 0L;
        foreach (var process in processes.AsSpan(0, (int)Math.Min(count, MostProcesses)))
        {
            // All bits set means that the driver does not tell, as on Windows.
            if (process.UsedGpuMemory != ulong.MaxValue && ProcessTree.Include((int)process.Pid))
            {
                used += (long)process.UsedGpuMemory;
            }
        }
        return used;
    }

    private T Function<T>(string name) =>
        Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(_library, name));

    [StructLayout(LayoutKind.Sequential)]
    private struct Memory
    {
        public ulong Total;
        public ulong Free;
        public ulong Used;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ProcessMemory
    {
        public uint Pid;
        public ulong UsedGpuMemory;
        public uint GpuInstanceId;
        public uint ComputeInstanceId;
    }
}
