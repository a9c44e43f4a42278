using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace AgentGrid.Cluster.Tests.Partitions;

/// <summary>A network interface of Linux whose other end is this process: it reads and writes whole IP packets.</summary>
internal sealed class Tun : IDisposable
{
    private const string Path = "/dev/net/tun";
    private const int ReadWriteNonBlockingCloseOnExec = 2 | 0x800 | 0x80000;
    private const nuint SetInterface = 0x400454ca;
    private const short TunWithoutHeader = 0x1001;
    private const int RequestBytes = 40;
    private const int NameBytes = 16;

    public Tun(string name)
    {
        Handle = Open(Encoding.ASCII.GetBytes(Path + "\0"), ReadWriteNonBlockingCloseOnExec);
        if (Handle < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"{Path} cannot be opened");
        }
        var request = new byte[RequestBytes];
        Encoding.ASCII.GetBytes(name, request.AsSpan(0, NameBytes - 1));
        BitConverter.TryWriteBytes(request.AsSpan(NameBytes), TunWithoutHeader);
        if (Control(Handle, SetInterface, request) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            _ = Close(Handle);
            throw new Win32Exception(error, $"The interface {name} cannot be made");
        }
    }

    public int Handle { get; }

    /// <returns>The bytes of the packet; 0 or less when there is none now.</returns>
    public int TryRead(byte[] packet) => (int)Read(Handle, packet, (nuint)packet.Length);

    /// <summary>Hands a packet to the interface. One that it does not take is lost, as in any network.</summary>
    public void Write(byte[] packet) => _ = Write(Handle, packet, (nuint)packet.Length);

    public void Dispose() => _ = Close(Handle);

    /// <summary>Waits until one of them has a packet, or so long.</summary>
    public static void WaitAny(IReadOnlyList<Tun> of, TimeSpan longest)
    {
        const short canBeRead = 1;
        var waited = of.Select(t => new Polled { Handle = t.Handle, Events = canBeRead }).ToArray();
        _ = Poll(waited, (nuint)waited.Length, (int)Math.Ceiling(longest.TotalMilliseconds));
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Polled
    {
        public int Handle;
        public short Events;
        public short Found;
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static extern int Control(int handle, nuint request, [In, Out] byte[] argument);

    [DllImport("libc", EntryPoint = "read", SetLastError = true)]
    private static extern nint Read(int handle, [Out] byte[] into, nuint count);

    [DllImport("libc", EntryPoint = "write", SetLastError = true)]
    private static extern nint Write(int handle, [In] byte[] from, nuint count);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    private static extern int Close(int handle);

    [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static extern int Poll([In, Out] Polled[] polled, nuint count, int timeoutMs);
}
