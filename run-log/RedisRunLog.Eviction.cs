using StackExchange.Redis;

namespace AgentGrid.RunLog;

public sealed partial class RedisRunLog
{
    private const string Policy = "maxmemory_policy:";

    /// <summary>
    /// The <c>maxmemory-policy</c> by which Redis drops keys of a log when its memory is full; null when it drops none,
    /// or does not say. Those that drop only keys with an expiry drop none: a log has no such keys.
    /// </summary>
    /// <exception cref="RedisException">Redis does not answer.</exception>
    public async Task<string?> FindEvictionAsync()
    {
        foreach (var server in _redis.Multiplexer.GetServers().Where(s => !s.IsReplica))
        {
            if (await PolicyAsync(server).ConfigureAwait(false) is { } policy
                && policy.StartsWith("allkeys-", StringComparison.Ordinal))
            {
                return policy;
            }
        }
        return null;
    }

    /// <summary>What such a policy means, and what to do.</summary>
    public static string EvictionProblem(string policy) =>
        $"Redis has the maxmemory-policy '{policy}': when its memory is full, it drops runs that were accepted. Set " +
        "it to 'noeviction', with 'CONFIG SET maxmemory-policy noeviction' and in its configuration file, or among the " +
        "parameters of a managed Redis.";

    // CONFIG is what many do not allow; INFO says it as well.
    private static async Task<string?> PolicyAsync(IServer server)
    {
        try
        {
            // Its own method for it is for administrators alone.
            var info = (string?)await server.ExecuteAsync("INFO", "memory").ConfigureAwait(false);
            return info?.Split('\n', StringSplitOptions.TrimEntries)
                .FirstOrDefault(l => l.StartsWith(Policy, StringComparison.Ordinal))?[Policy.Length..];
        }
        catch (RedisServerException)
        {
            return null;
        }
    }
}
