using AgentGrid.Core.Grid;
using AgentGrid.Engine.Store;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Connections;

/// <summary>The way to a run log in Redis.</summary>
/// <param name="redis">Where Redis is, with its options.</param>
/// <param name="log">The log that is read.</param>
public sealed class RedisAccess(
    string redis, RedisRunLog log, TimeProvider time, ILogger<RedisAccess> logger) : IStoreAccess
{
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(1.5);

    private readonly string _address = RedisConnection.AddressOf(redis);

    /// <inheritdoc/>
    public Task OpenAsync(CancellationToken cancellationToken) => RedisGate.PassAsync(redis, time, logger, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// A connection that breaks takes with it what was under way; what is asked after that waits for the next one. What the
    /// library says about its connections is of no use to a caller of the API; what Redis itself answers is.
    /// </remarks>
    public async Task<T> ReadAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken)
    {
        var again = true;
        while (true)
        {
            try
            {
                return await read().WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (RedisConnectionException) when (again)
            {
                again = false;
            }
            catch (Exception e) when (e is RedisException or TimeoutException)
            {
                throw new GridUnavailableException(Describe(e), e);
            }
        }
    }

    /// <summary>That Redis drops runs when its memory is full.</summary>
    public async ValueTask<StoreProblem?> FindProblemAsync(CancellationToken cancellationToken)
    {
        try
        {
            var policy = await log.FindEvictionAsync().WaitAsync(LongestLook, time, cancellationToken).ConfigureAwait(false);
            return policy is null ? null : new StoreProblem(RedisRunLog.EvictionProblem(policy), KeepsNothing: false);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            return null;
        }
    }

    private string Describe(Exception e)
    {
        var answer = e is RedisServerException ? e.Message.TrimEnd('.') : e.GetType().Name;
        return $"Redis at {_address} does not answer as expected ({answer}): runs cannot be kept or read until it does. " +
            "Check that it runs, has memory left, and can be reached from here.";
    }
}
