using System.Diagnostics;

namespace AgentGrid.Cluster.Tests.Partitions;

/// <summary>
/// A network of hosts on one machine. Each is a network namespace with one interface, whose packets come to this process;
/// it hands them on, late, or not at all. So a way can be cut in one direction, and be slow or lossy, whatever the kernel
/// has for that. This process itself is a host too, <see cref="Client"/>.
/// </summary>
internal sealed class Network : IAsyncDisposable
{
    public const string Client = "client";

    private const int LargestPacket = 65_536;
    private const int DestinationEnd = 19;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);
    private static int s_networks = Environment.ProcessId;

    private readonly int _number = (int)((uint)Interlocked.Increment(ref s_networks) % 250) + 1;
    private readonly Lock _gate = new();
    private readonly List<string> _names = [];
    private readonly List<Tun> _tuns = [];
    private readonly Dictionary<(int From, int To), Link> _links = [];
    private readonly PriorityQueue<(int To, byte[] Packet), long> _late = new();
    private readonly Dictionary<(int From, int To), long> _last = [];
    private readonly Random _random;
    private Thread? _switch;
    private volatile bool _ended;

    /// <param name="seed">What is lost of a lossy way, and how late a packet of a slow one is.</param>
    public Network(int seed) => _random = new Random(seed);

    /// <summary>Why there can be no such networks here; null where there can.</summary>
    public static string? Unavailable { get; } = FindProblem();

    /// <summary>What a way does to packets. Those that are late stay in their order.</summary>
    /// <param name="Loss">Of packets: 0 to 1.</param>
    public sealed record Link(TimeSpan Delay, TimeSpan Jitter, double Loss)
    {
        public static Link None { get; } = new(TimeSpan.Zero, TimeSpan.Zero, 1);
    }

    /// <summary>Makes the hosts, and this process one of them.</summary>
    public void Start(params string[] hosts)
    {
        foreach (var name in (string[])[Client, .. hosts])
        {
            _names.Add(name);
            var device = $"ag{_number}h{_names.Count}";
            _tuns.Add(new Tun(device));
            var address = $"{AddressOf(name)}/24";
            if (name == Client)
            {
                Ip("addr", "add", address, "dev", device);
                Ip("link", "set", device, "up");
                continue;
            }
            var space = SpaceOf(name);
            Ip("netns", "add", space);
            Ip("link", "set", device, "netns", space);
            Ip("-n", space, "addr", "add", address, "dev", device);
            Ip("-n", space, "link", "set", "lo", "up");
            Ip("-n", space, "link", "set", device, "up");
        }
        _switch = new Thread(Switch) { IsBackground = true, Name = "network" };
        _switch.Start();
    }

    public string AddressOf(string host) => $"10.83.{_number}.{_names.IndexOf(host) + 1}";

    /// <summary>The command that runs another on the host.</summary>
    public string[] Within(string host) => ["ip", "netns", "exec", SpaceOf(host)];

    /// <summary>Nothing goes from one to the other any more, nor back.</summary>
    public void Cut(string a, string b)
    {
        CutOneWay(a, b);
        CutOneWay(b, a);
    }

    public void CutOneWay(string from, string to) => Set(from, to, Link.None);

    public void Set(string from, string to, Link link)
    {
        lock (_gate)
        {
            _links[(_names.IndexOf(from), _names.IndexOf(to))] = link;
        }
    }

    /// <summary>All ways are whole and fast again.</summary>
    public void Heal()
    {
        lock (_gate)
        {
            _links.Clear();
        }
    }

    public ValueTask DisposeAsync()
    {
        _ended = true;
        _switch?.Join();
        foreach (var tun in _tuns)
        {
            tun.Dispose();
        }
        foreach (var name in _names.Where(static n => n != Client))
        {
            Ip("netns", "del", SpaceOf(name));
        }
        return ValueTask.CompletedTask;
    }

    private string SpaceOf(string host) => $"agentgrid-{_number}-{host}";

    private void Switch()
    {
        var buffer = new byte[LargestPacket];
        while (!_ended)
        {
            Tun.WaitAny(_tuns, UntilNext());
            lock (_gate)
            {
                for (var from = 0; from < _tuns.Count; from++)
                {
                    for (int n; (n = _tuns[from].TryRead(buffer)) > 0;)
                    {
                        Take(from, buffer.AsSpan(0, n));
                    }
                }
                while (_late.TryPeek(out var packet, out var due) && due <= Stopwatch.GetTimestamp())
                {
                    _late.Dequeue();
                    _tuns[packet.To].Write(packet.Packet);
                }
            }
        }
    }

    private TimeSpan UntilNext()
    {
        lock (_gate)
        {
            if (!_late.TryPeek(out _, out var due))
            {
                return Tick;
            }
            var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            return wait < TimeSpan.Zero ? TimeSpan.Zero : wait < Tick ? wait : Tick;
        }
    }

    private void Take(int from, ReadOnlySpan<byte> packet)
    {
        const int version4 = 4;
        if (packet.Length <= DestinationEnd || packet[0] >> 4 != version4)
        {
            return;
        }
        var to = packet[DestinationEnd] - 1;
        if (to < 0 || to >= _tuns.Count)
        {
            return;
        }
        if (!_links.TryGetValue((from, to), out var link))
        {
            // What is still on its slow way is not overtaken.
            link = new Link(TimeSpan.Zero, TimeSpan.Zero, 0);
        }
        if (link.Loss > 0 && _random.NextDouble() < link.Loss)
        {
            return;
        }
        var now = Stopwatch.GetTimestamp();
        var due = now + ((link.Delay + (_random.NextDouble() * link.Jitter)).Ticks * Stopwatch.Frequency / TimeSpan.TicksPerSecond);
        due = Math.Max(due, _last.GetValueOrDefault((from, to)));
        if (due <= now)
        {
            _tuns[to].Write(packet.ToArray());
            return;
        }
        _last[(from, to)] = due + 1;
        _late.Enqueue((to, packet.ToArray()), due);
    }

    private static string? FindProblem()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return "Networks of namespaces need Linux and root.";
        }
        var name = $"agentgrid-try-{Environment.ProcessId}";
        try
        {
            new Tun($"agtry{Environment.ProcessId % 100_000}").Dispose();
            Ip("netns", "add", name);
            Ip("netns", "del", name);
            return null;
        }
        catch (Exception e)
        {
            return $"There are no network namespaces here: {e.Message}";
        }
    }

    private static void Ip(params string[] arguments)
    {
        var start = new ProcessStartInfo("ip", arguments) { RedirectStandardError = true };
        using var ip = Process.Start(start)!;
        var said = ip.StandardError.ReadToEnd();
        ip.WaitForExit();
        if (ip.ExitCode != 0)
        {
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {said}");
        }
    }
}
