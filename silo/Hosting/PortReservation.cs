using System.Net;
using System.Net.Sockets;
using AgentGrid.Api;

namespace AgentGrid.Silo.Hosting;

/// <summary>
/// A port that no other silo on this machine will take. It is claimed long before it is listened on, by holding the UDP
/// port of the same number: that goes away with the process, whatever becomes of it, and is in nobody's way.
/// </summary>
internal sealed class PortReservation : IDisposable
{
    private const int Most = 500;
    private readonly Socket _claim;

    private PortReservation(int port, Socket claim)
    {
        Port = port;
        _claim = claim;
    }

    public int Port { get; }

    /// <summary>The first port from this one on that is free.</summary>
    /// <exception cref="StartupRefusedException">There is none.</exception>
    public static PortReservation From(int first)
    {
        for (var port = first; port < first + Most; port++)
        {
            if (Claim(port) is not { } claim)
            {
                continue;
            }
            if (IsFree(IPAddress.Any, port))
            {
                return new PortReservation(port, claim);
            }
            claim.Dispose();
        }
        throw new StartupRefusedException(
            $"No port from {first} to {first + Most - 1} is free. Name one with --silo-port or --gateway-port.");
    }

    public void Dispose() => _claim.Dispose();

    private static Socket? Claim(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.ExclusiveAddressUse = true;
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Whether nobody listens there now.</summary>
    public static bool IsFree(IPAddress address, int port)
    {
        using var listener = new TcpListener(address, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
