using System.Net;
using System.Net.Sockets;
using AgentGrid.Core.Grid;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Connections;

/// <summary>
/// Nothing can be done without Redis, so a program that cannot reach it says so, and soon. It tries with connections of
/// its own: one that goes on trying by itself does not say why it has failed, and keeps whoever closes it waiting.
/// </summary>
public static partial class RedisGate
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan LongestTry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Waits until Redis answers.</summary>
    /// <param name="redis">Where it is, with its options.</param>
    /// <exception cref="GridUnavailableException">It has not answered for some seconds.</exception>
    public static async Task PassAsync(
        string redis, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var options = RedisConnection.Options(redis);
        options.AbortOnConnectFail = true;
        options.ConnectRetry = 1;
        options.ConnectTimeout = options.AsyncTimeout = (int)LongestTry.TotalMilliseconds;
        var started = time.GetTimestamp();
        var isTold = false;
        while (await ProblemAsync(options, cancellationToken).ConfigureAwait(false) is { } problem)
        {
            if (time.GetElapsedTime(started) > Patience)
            {
                throw new GridUnavailableException(
                    $"Redis at {RedisConnection.AddressOf(redis)} cannot be reached: expected an answer within " +
                    $"{Patience.TotalSeconds:0} s; {problem.TrimEnd('.')}. Check that it runs ('redis-server'), and " +
                    "that --redis or AGENTGRID_REDIS is right: host:port,password=...");
            }
            if (!isTold)
            {
                isTold = true;
                LogWaits(logger, RedisConnection.AddressOf(redis), problem.TrimEnd('.'), Patience.TotalSeconds);
            }
            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<string?> ProblemAsync(ConfigurationOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await ConnectionMultiplexer.ConnectAsync(options)
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            await connection.GetDatabase().PingAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (RedisConnectionException e) when (e.FailureType == ConnectionFailureType.AuthenticationFailure)
        {
            return $"it does not let this program in: {(e.InnerException ?? e).Message}";
        }
        catch (RedisServerException e)
        {
            return $"it answers: {e.Message}";
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            return await SocketProblemAsync(options.EndPoints[0], cancellationToken).ConfigureAwait(false);
        }
    }

    // Why there is no connection, which the library does not tell.
    private static async Task<string> SocketProblemAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LongestTry);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endPoint, limit.Token).ConfigureAwait(false);
            return "something takes the connection, but does not answer as Redis would (is it Redis, and is 'ssl' right?)";
        }
        catch (SocketException e)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "nothing accepts or refuses the connection";
        }
    }

    [LoggerMessage(812, LogLevel.Warning,
        "Redis at {Redis} cannot be reached yet ({Problem}); it is tried for {Seconds:0} s")]
    private static partial void LogWaits(ILogger logger, string redis, string problem, double seconds);
}
