using StackExchange.Redis;

namespace AgentGrid.RunLog.Connections;

/// <summary>What a Redis says of its replication.</summary>
/// <param name="IsPrimary">It takes writes, as far as it knows.</param>
/// <param name="History">Names what it has: a replica has that of its primary, and one that is promoted begins another.</param>
/// <param name="HistoryBefore">What it went on from when it, or the one that it follows, was promoted; null for none.</param>
/// <param name="Replicas">How many follow it.</param>
internal sealed record RedisReport(bool IsPrimary, string? History, string? HistoryBefore, int Replicas)
{
    private const char NoHistory = '0';

    /// <summary>Asks a Redis. One that may not be asked (<c>+info</c>) says no more than what it is.</summary>
    /// <exception cref="RedisException">It does not answer.</exception>
    public static async Task<RedisReport> OfAsync(IServer server)
    {
        try
        {
            return Parse($"{await server.ExecuteAsync("INFO", "replication").ConfigureAwait(false)}");
        }
        catch (RedisServerException)
        {
            return new RedisReport(!server.IsReplica, null, null, 0);
        }
    }

    /// <param name="info">The section <c>replication</c> of <c>INFO</c>.</param>
    public static RedisReport Parse(string info)
    {
        var fields = info.Split('\n', StringSplitOptions.TrimEntries).Select(static l => l.Split(':', 2))
            .Where(static l => l.Length == 2).ToDictionary(static l => l[0], static l => l[1], StringComparer.Ordinal);
        return new RedisReport(
            fields.GetValueOrDefault("role") == "master", HistoryIn("master_replid"), HistoryIn("master_replid2"),
            int.TryParse(fields.GetValueOrDefault("connected_slaves"), out var replicas) ? replicas : 0);

        string? HistoryIn(string field) =>
            fields.GetValueOrDefault(field) is { } id && id.AsSpan().ContainsAnyExcept(NoHistory) ? id : null;
    }
}
