using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Connections;

/// <summary>The one connection to Redis that everything in a process shares.</summary>
public static class RedisConnection
{
    private const int TimeoutMs = 5_000;
    private const int RetryMs = 500;
    private const int KeepAliveSeconds = 15;

    /// <summary>Says why a text does not tell where Redis is; null when it does. Never repeats a password.</summary>
    public static string? Problem(string redis)
    {
        const string expected =
            "expected host:port, and options after it separated by commas: 'redis.example:6379,password=...'.";
        try
        {
            return ConfigurationOptions.Parse(redis).EndPoints.Count == 0 ? $"It names no Redis: {expected}" : null;
        }
        catch (ArgumentException e)
        {
            return $"The Redis setting cannot be understood ({e.Message.TrimEnd('.')}): {expected}";
        }
    }

    /// <summary>Reads the address and its options, and sees to it that it keeps trying when Redis is away.</summary>
    /// <param name="redis">As StackExchange.Redis writes it: <c>host:port,password=...</c>.</param>
    /// <exception cref="ArgumentException">It cannot be understood: see <see cref="Problem"/>.</exception>
    public static ConfigurationOptions Options(string redis)
    {
        var options = ConfigurationOptions.Parse(redis);
        options.SetDefaultPorts();
        options.AbortOnConnectFail = false;
        options.AsyncTimeout = TimeoutMs;
        options.ConnectTimeout = TimeoutMs;
        options.KeepAlive = KeepAliveSeconds;
        options.ReconnectRetryPolicy = new LinearRetry(RetryMs);
        // The library's own ten threads cost a hand-off a request; the pool's threads are awake already.
        options.SocketManager = SocketManager.ThreadPool;
        return options;
    }

    /// <summary>
    /// Connects in the background: it is returned whether Redis is there or not. Where several are named, whatever is asked
    /// goes to the one that is the primary.
    /// </summary>
    /// <param name="redis">As in <see cref="Options"/>.</param>
    /// <param name="loggers">Where it is said that another has become the primary; null: nowhere.</param>
    public static IConnectionMultiplexer Connect(string redis, ILoggerFactory? loggers = null) =>
        Options(redis) is { EndPoints.Count: > 1, ServiceName: null or "", Proxy: Proxy.None } several
            ? RedisPrimary.Connect(several, (loggers ?? NullLoggerFactory.Instance).CreateLogger<RedisPrimary>())
            : ConnectionMultiplexer.Connect(Options(redis));

    /// <summary>Where it is, without anything secret.</summary>
    public static string AddressOf(string redis) => string.Join(", ", Options(redis).EndPoints.Select(e => Format(e)));

    internal static string Format(System.Net.EndPoint endPoint) => endPoint switch
    {
        System.Net.DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
        _ => endPoint.ToString() ?? "unknown",
    };
}
