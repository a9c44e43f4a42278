namespace AgentGrid.RunLog.Connections;

/// <summary>
/// Tells which of several Redis is the primary, when more than one says so: one that was cut off does not know that a replica was
/// promoted meanwhile. What was promoted names the history that it went on from; whoever is still in that one is stale. That is
/// remembered: it holds when the promoted one is not to be reached.
/// </summary>
/// <remarks>Pure, and not thread-safe. Redis are named by any text.</remarks>
internal sealed class PrimaryChoice
{
    // Who has gone on from a history. When all of them are in it again, their promotion was taken back.
    private readonly Dictionary<string, HashSet<string>> _left = new(StringComparer.Ordinal);

    /// <summary>The primary; null: none is known, or the last one is stale or has become a replica.</summary>
    public string? Current { get; private set; }

    /// <summary>Takes what was heard. Who does not answer stays what it was.</summary>
    /// <param name="reports">By the name of each that has answered, in the order in which they are to be preferred.</param>
    public void Take(IReadOnlyList<(string Redis, RedisReport Report)> reports)
    {
        foreach (var (redis, report) in reports)
        {
            Learn(redis, report);
        }
        // Two that were both promoted from one history: the others follow the one that is meant.
        var primary = reports.Where(r => r.Report.IsPrimary && !IsStale(r.Report))
            .OrderByDescending(static r => r.Report.Replicas).ThenByDescending(r => r.Redis == Current)
            .Select(static r => r.Redis).FirstOrDefault();
        if (primary is not null || reports.Any(r => r.Redis == Current))
        {
            Current = primary;
        }
    }

    private bool IsStale(RedisReport report) => report.History is not null && _left.ContainsKey(report.History);

    private void Learn(string redis, RedisReport report)
    {
        if (report.HistoryBefore is { } before && before != report.History)
        {
            if (!_left.TryGetValue(before, out var by))
            {
                _left[before] = by = new HashSet<string>(StringComparer.Ordinal);
            }
            by.Add(redis);
        }
        if (report.History is { } history && _left.TryGetValue(history, out var gone) && gone.Remove(redis) && gone.Count == 0)
        {
            _left.Remove(history);
        }
    }
}
