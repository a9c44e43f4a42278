using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace AgentGrid.RunLog.Connections;

/// <summary>
/// A connection to whichever of several Redis is the primary. The library would take all that say so for it, and ask now one
/// and now another; here it knows one address, behind which is the primary (<see cref="PrimaryChoice"/>). When another is, the
/// connection is broken, and made again with that one.
/// </summary>
/// <remarks>
/// Each Redis is asked twice a second what it is, by a connection of its own. The nodes of a Redis Cluster are reached as they
/// are: they are found by the first that answers.
/// </remarks>
internal sealed partial class RedisPrimary : Tunnel
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly PrimaryChoice _choice = new();
    private readonly List<(string Redis, Socket Socket)> _open = [];
    private readonly (string Name, EndPoint At, Task<ConnectionMultiplexer> Asked)[] _all;
    private readonly DnsEndPoint _address;
    private readonly TimeSpan _longestConnect;
    private readonly ILogger _logger;
    private TaskCompletionSource<string> _known = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile IConnectionMultiplexer? _connection;

    private RedisPrimary(ConfigurationOptions options, ILogger logger)
    {
        _logger = logger;
        _longestConnect = TimeSpan.FromMilliseconds(options.ConnectTimeout);
        _all = [.. options.EndPoints.Select(e => (RedisConnection.Format(e), e, Ask(options, e)))];
        // A name for all of them; what the library assumes of the hosts of a provider, it assumes of that as well.
        var first = options.EndPoints[0];
        _address = new DnsEndPoint($"primary.{HostOf(first)}", first is DnsEndPoint dns ? dns.Port : ((IPEndPoint)first).Port);
    }

    /// <summary>Connects in the background.</summary>
    /// <param name="options">With several addresses.</param>
    public static IConnectionMultiplexer Connect(ConfigurationOptions options, ILogger logger)
    {
        var primary = new RedisPrimary(options, logger);
        _ = primary.WatchAsync();
        // What the certificates of all of them are for; else each is for its own host, and not for the name of all.
        var certified = options.SslHost;
        options = options.Clone();
        options.EndPoints.Clear();
        options.EndPoints.Add(primary._address);
        options.ResolveDns = false;
        options.Tunnel = primary;
        options.SslHost = certified ?? "";
        if (string.IsNullOrEmpty(certified))
        {
            options.SslClientAuthenticationOptions = host => primary.Encryption(options, host);
        }
        return primary._connection = ConnectionMultiplexer.Connect(options);
    }

    /// <inheritdoc/>
    public override ValueTask<EndPoint?> GetSocketConnectEndpointAsync(EndPoint endpoint, CancellationToken cancellationToken) =>
        new(endpoint.Equals(_address) ? null : endpoint);

    /// <inheritdoc/>
    public override async ValueTask<Stream?> BeforeAuthenticateAsync(
        EndPoint endpoint, ConnectionType connectionType, Socket? socket, CancellationToken cancellationToken)
    {
        if (!endpoint.Equals(_address))
        {
            return null;
        }
        var redis = await CurrentAsync().WaitAsync(LongestWait, cancellationToken).ConfigureAwait(false);
        var own = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(_longestConnect);
            await own.ConnectAsync(_all.First(r => r.Name == redis).At, limit.Token).ConfigureAwait(false);
            lock (_gate)
            {
                if (_choice.Current != redis)
                {
                    throw new IOException($"Redis at {redis} is not the primary any more.");
                }
                _open.RemoveAll(static o => !o.Socket.Connected);
                _open.Add((redis, own));
            }
            return new NetworkStream(own, ownsSocket: true);
        }
        catch
        {
            own.Dispose();
            throw;
        }
    }

    private static Task<ConnectionMultiplexer> Ask(ConfigurationOptions options, EndPoint endPoint)
    {
        options = options.Clone();
        options.EndPoints.Clear();
        options.EndPoints.Add(endPoint);
        // It only asks: nobody listens with it, and it looks for nobody else.
        options.CommandMap = CommandMap.Create(["SUBSCRIBE"], available: false);
        (options.TieBreaker, options.ConfigurationChannel) = ("", "");
        return ConnectionMultiplexer.ConnectAsync(options);
    }

    private static string HostOf(EndPoint endPoint) => endPoint switch
    {
        DnsEndPoint dns => dns.Host,
        IPEndPoint ip => $"{ip.Address}",
        _ => throw new ArgumentException($"The address {endPoint} of a Redis names no host: expected host:port."),
    };

    private Task<string> CurrentAsync()
    {
        lock (_gate)
        {
            return _known.Task;
        }
    }

    // As long as the connection is there.
    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(Pause);
        do
        {
            await LookAsync().ConfigureAwait(false);
        }
        while (await timer.WaitForNextTickAsync().ConfigureAwait(false) && !IsClosed());
        foreach (var (_, _, asked) in _all)
        {
            await (await asked.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task LookAsync()
    {
        var reports = await Task.WhenAll(_all.Select(AskAsync)).ConfigureAwait(false);
        Socket[] stale;
        string? before, current;
        lock (_gate)
        {
            before = _choice.Current;
            _choice.Take([.. _all.Zip(reports).Where(static r => r.Second is not null).Select(static r => (r.First.Name, r.Second!))]);
            current = _choice.Current;
            if (current == before)
            {
                return;
            }
            stale = [.. _open.Where(o => o.Redis != current).Select(static o => o.Socket)];
            _open.RemoveAll(o => o.Redis != current);
            if (_known.Task.IsCompleted)
            {
                _known = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            if (current is not null)
            {
                _known.SetResult(current);
            }
        }
        if (before is not null)
        {
            LogMoves(_logger, before, current ?? "none that is known");
        }
        foreach (var socket in stale)
        {
            Break(socket);
        }
    }

    // What was not sent yet must not arrive there.
    private static void Break(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is broken already.
        }
        socket.Dispose();
    }

    private static async Task<RedisReport?> AskAsync((string Name, EndPoint At, Task<ConnectionMultiplexer> Asked) redis)
    {
        try
        {
            var connection = await redis.Asked.WaitAsync(LongestAnswer).ConfigureAwait(false);
            return await RedisReport.OfAsync(connection.GetServer(redis.At)).WaitAsync(LongestAnswer).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever it was, there is no answer.
            return null;
        }
    }

    // The library says so in no other way. What is asked is a sign of life as well.
    private bool IsClosed()
    {
        try
        {
            _ = _connection?.GetDatabase().PingAsync(CommandFlags.FireAndForget);
            return false;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
        catch (RedisException)
        {
            return false;
        }
    }

    private SslClientAuthenticationOptions Encryption(ConfigurationOptions options, string host)
    {
        lock (_gate)
        {
            return new SslClientAuthenticationOptions
            {
                TargetHost = host == _address.Host && _choice.Current is { } current
                    ? HostOf(_all.First(r => r.Name == current).At) : host,
                EnabledSslProtocols = options.SslProtocols ?? default,
                CertificateRevocationCheckMode =
                    options.CheckCertificateRevocation ? X509RevocationMode.Online : X509RevocationMode.NoCheck,
            };
        }
    }

    [LoggerMessage(813, LogLevel.Warning, "Another Redis is the primary: it was {Before}, and is {Now}")]
    private static partial void LogMoves(ILogger logger, string before, string now);
}
