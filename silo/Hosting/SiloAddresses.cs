using System.Net;
using System.Net.Sockets;
using AgentGrid.Api;
using AgentGrid.RunLog.Connections;
using AgentGrid.Silo.Settings;

namespace AgentGrid.Silo.Hosting;

/// <summary>Where other silos and clients find this one, and what it is called.</summary>
internal sealed record SiloAddresses(string Name, IPAddress Advertised, int SiloPort, int GatewayPort) : IDisposable
{
    private const int FirstSiloPort = 11_111;
    private const int FirstGatewayPort = 30_000;

    private PortReservation[] Claims { get; init; } = [];

    /// <summary>What was asked for; and where nothing was, what is free.</summary>
    /// <exception cref="StartupRefusedException">A port is taken, none is free, or there is no way to Redis.</exception>
    public static SiloAddresses Of(SiloSettings settings)
    {
        var advertised = settings.Advertise
            ?? (settings.Redis is { } redis ? OnTheWayTo(redis) : IPAddress.Loopback);
        if (!settings.Recover)
        {
            CheckFree(settings.SiloPort, advertised, "--silo-port");
            CheckFree(settings.GatewayPort, advertised, "--gateway-port");
        }
        var silo = settings.SiloPort is null ? PortReservation.From(FirstSiloPort) : null;
        var gateway = settings.GatewayPort is null ? PortReservation.From(FirstGatewayPort) : null;
        var siloPort = settings.SiloPort ?? silo!.Port;
        // Two processes of one machine can have the same role, but not the same port.
        var name = settings.Name
            ?? $"{Environment.MachineName}-{settings.Role.ToString().ToLowerInvariant()}-{siloPort}".ToLowerInvariant();
        return new SiloAddresses(
            name, advertised, siloPort, settings.GatewayPort ?? gateway!.Port)
        {
            Claims = [.. new[] { silo, gateway }.OfType<PortReservation>()],
        };
    }

    public void Dispose() => Array.ForEach(Claims, c => c.Dispose());

    // Orleans would find it out as well, and say so in three stacks.
    private static void CheckFree(int? port, IPAddress advertised, string option)
    {
        var listens = IPAddress.IsLoopback(advertised) ? advertised
            : advertised.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
        if (port is { } named && !PortReservation.IsFree(listens, named))
        {
            throw new StartupRefusedException(
                $"Port {named} is taken on this machine: name another with {option}, or none for the first free one.");
        }
    }

    // The way to Redis is one that all members of the cluster have; no packet is sent to find out where it begins.
    private static IPAddress OnTheWayTo(string redis)
    {
        var endPoint = RedisConnection.Options(redis).EndPoints[0];
        try
        {
            var target = endPoint as IPEndPoint
                ?? (endPoint is DnsEndPoint dns ? new IPEndPoint(Resolve(dns.Host), dns.Port) : null);
            if (target is null || IPAddress.IsLoopback(target.Address))
            {
                return IPAddress.Loopback;
            }
            using var socket = new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(target);
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (SocketException e)
        {
            throw new StartupRefusedException(
                $"Redis at {RedisConnection.AddressOf(redis)} cannot be reached ({e.Message}), so this silo cannot find out " +
                "at which address other silos reach this machine. Correct --redis, or set the address with --advertise.");
        }
    }

    private static IPAddress Resolve(string host)
    {
        var addresses = Dns.GetHostAddresses(host);
        return Array.Find(addresses, a => a.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];
    }
}
