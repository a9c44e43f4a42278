using AgentGrid.Core;
using AgentGrid.Core.Feed;

namespace AgentGrid.Engine.Feed;

/// <summary>Readers that wait for events of one match, of one run or of some stages. Guarded by the buffer's lock.</summary>
internal sealed class FeedWaiters
{
    private readonly Dictionary<string, List<FeedWaiter>> _byMatch = new(StringComparer.Ordinal);
    private readonly Dictionary<RunId, List<FeedWaiter>> _byRun = [];
    private readonly Dictionary<string, List<FeedWaiter>> _byStage = new(StringComparer.Ordinal);

    public FeedWaiter Add(FeedQuery query)
    {
        var waiter = new FeedWaiter(query);
        if (query.RunId is { } run)
        {
            ListOf(_byRun, run).Add(waiter);
        }
        else if (query.MatchId is { } match)
        {
            ListOf(_byMatch, match).Add(waiter);
        }
        else
        {
            ListOf(_byStage, query.Stage!).Add(waiter);
        }
        return waiter;
    }

    /// <summary>Takes those out that one of the events is for.</summary>
    public void Take(List<FeedEvent> events, List<FeedWaiter> found)
    {
        if (_byMatch.Count > 0 || _byRun.Count > 0)
        {
            foreach (var e in events)
            {
                Take(_byMatch, e.MatchId, e.Seq, found);
                Take(_byRun, e.RunId, e.Seq, found);
            }
        }
        // Looked at once for all that wait for the same stages.
        foreach (var (stages, waiters) in _byStage)
        {
            var query = waiters[0].Query;
            if (events.Find(query.Matches) is { } first)
            {
                Take(_byStage, stages, first.Seq, found);
            }
        }
    }

    /// <summary>Forgets a reader; harmless when it has been taken out already.</summary>
    public void Remove(FeedWaiter waiter)
    {
        if (waiter.Query.RunId is { } run)
        {
            Remove(_byRun, run, waiter);
        }
        else if (waiter.Query.MatchId is { } match)
        {
            Remove(_byMatch, match, waiter);
        }
        else
        {
            Remove(_byStage, waiter.Query.Stage!, waiter);
        }
    }

    private static List<FeedWaiter> ListOf<TKey>(Dictionary<TKey, List<FeedWaiter>> waiters, TKey key)
        where TKey : notnull
    {
        if (!waiters.TryGetValue(key, out var list))
        {
            waiters.Add(key, list = []);
        }
        return list;
    }

    private static void Take<TKey>(
        Dictionary<TKey, List<FeedWaiter>> waiters, TKey key, long seq, List<FeedWaiter> found)
        where TKey : notnull
    {
        if (waiters.Remove(key, out var list))
        {
            list.ForEach(w => w.Found = seq - 1);
            found.AddRange(list);
        }
    }

    private static void Remove<TKey>(Dictionary<TKey, List<FeedWaiter>> waiters, TKey key, FeedWaiter waiter)
        where TKey : notnull
    {
        if (waiters.TryGetValue(key, out var list) && list.Remove(waiter) && list.Count == 0)
        {
            waiters.Remove(key);
        }
    }
}

/// <summary>One reader's wait; its result is the number to read on after.</summary>
internal sealed class FeedWaiter(FeedQuery query)
    : TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public FeedQuery Query { get; } = query;

    /// <summary>The number before the first event that it was woken for.</summary>
    public long Found { get; set; }
}
