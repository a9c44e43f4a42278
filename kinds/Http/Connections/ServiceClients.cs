using System.Net;
using System.Net.Sockets;

namespace AgentGrid.Kinds.Http.Connections;

/// <summary>Makes the clients with which services are asked.</summary>
/// <remarks>
/// A client tries nothing again, follows nothing, and knows no time limit but that of connecting: those who ask decide about
/// all three, and what they decide is in the events of a run.
/// </remarks>
public static class ServiceClients
{
    // Addresses of a name that change are seen.
    private static readonly TimeSpan s_longestLife = TimeSpan.FromMinutes(2);

    // Shorter than the 5 s after which common servers close an idle connection, perhaps just when a request is on its way.
    private static readonly TimeSpan s_longestIdle = TimeSpan.FromSeconds(4);

    // A machine that vanished while it was waited for is missed after a minute.
    private const int KeepAliveSeconds = 30;
    private const int KeepAlivePauseSeconds = 10;
    private const int KeepAliveTries = 3;

    /// <summary>A client for one agent.</summary>
    /// <param name="connectTimeout">How long it may take until a connection is there, TLS included.</param>
    /// <param name="wrap">Puts something in front of the connections; null for nothing.</param>
    public static HttpClient Create(TimeSpan connectTimeout, Func<HttpMessageHandler, HttpMessageHandler>? wrap = null)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = connectTimeout,
            ConnectCallback = ConnectAsync,
            PooledConnectionLifetime = s_longestLife,
            PooledConnectionIdleTimeout = s_longestIdle,
            KeepAlivePingDelay = TimeSpan.FromSeconds(KeepAliveSeconds),
            EnableMultipleHttp2Connections = true,
            // It would name a span of its own, which nobody keeps: who asks says to what a request belongs.
            ActivityHeadersPropagator = null,
        };
        return new HttpClient(wrap?.Invoke(handler) ?? handler)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
    }

    /// <summary>Connects, and closes the connection again.</summary>
    /// <exception cref="SocketException">Nobody is there.</exception>
    internal static async Task TryConnectAsync(DnsEndPoint address, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAlivePauseSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveTries);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
