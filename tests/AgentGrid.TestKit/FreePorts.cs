using System.Net;
using System.Net.Sockets;

namespace AgentGrid.TestKit;

/// <summary>
/// Ports for programs that tests start, each given once. They are below those that the system gives to connections, of
/// which tests have thousands: one of these could get a port between the moment it is chosen and that it is listened on.
/// They are not those that Orleans' test clusters choose, either.
/// </summary>
public static class FreePorts
{
    private const int First = 12_000;
    private const int Count = 10_000;
    private static int s_given = Random.Shared.Next(Count);

    public static int Next()
    {
        for (var tries = 0; tries < Count; tries++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref s_given) % Count);
            if (IsFree(port))
            {
                return port;
            }
        }
        throw new InvalidOperationException($"No port from {First} to {First + Count - 1} is free.");
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
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
