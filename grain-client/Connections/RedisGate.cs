using AgentGrid.Core;
using StackExchange.Redis;

namespace AgentGrid.GrainClient.Connections;

/// <summary>Nothing can be done without Redis, so a program that cannot reach it says so, and soon.</summary>
internal static class RedisGate
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Waits until Redis answers.</summary>
    /// <param name="address">Where it is, for the message.</param>
    /// <exception cref="GridUnavailableException">It has not answered for some seconds.</exception>
    public static async Task PassAsync(
        IConnectionMultiplexer redis, string address, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            string answer;
            try
            {
                await redis.GetDatabase().PingAsync().WaitAsync(Pause * 4, time, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is RedisException or TimeoutException)
            {
                answer = e is TimeoutException ? "no answer" : e.Message;
            }
            if (time.GetElapsedTime(started) > Patience)
            {
                throw new GridUnavailableException(
                    $"Redis at {address} cannot be reached: expected an answer within {Patience.TotalSeconds:0} s; the last " +
                    $"attempt ended with: {answer.TrimEnd('.')}. Start it ('redis-server'), or say where it is: --redis or " +
                    "AGENTGRID_REDIS, as host:port,password=...");
            }
            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
