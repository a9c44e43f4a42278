using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Store;

/// <summary>Pages of events, as feeds show them, of the records that a store has.</summary>
/// <remarks>
/// In the place of a record that is damaged, or of a damaged run, there is one event of the stage
/// <see cref="Stages.Damaged"/>, with the number of the last event that is missing; and the damage is reported.
/// </remarks>
public sealed class FeedReader(IRunSource source, DamageText text, DamageLog log, TimeProvider time)
{
    private const int BytesAtOnce = 1 << 20;
    private static readonly DamageText s_brought = new("A stream", "It is read from the store.");

    /// <summary>
    /// One page of events after a number, filtered; <see cref="FeedPage.Next"/> is the last number looked at.
    /// <see cref="FeedQuery.After"/> is not looked at.
    /// </summary>
    /// <param name="limit">
    /// How many events at most; and how many records are looked at, where a filter leaves few.
    /// </param>
    public async ValueTask<FeedPage> ReadAsync(FeedQuery query, long after, int limit)
    {
        var events = ImmutableArray.CreateBuilder<FeedEvent>();
        var (next, turns) = (after, 0);
        // How many events one run must have before its next record, where that is known.
        long? version = query.RunId is not null && after == 0 ? 0 : null;
        while (true)
        {
            var limits = new TurnLimits(limit - turns, limit - events.Count, BytesAtOnce);
            var page = await source.ReadTurnsAsync(query, next, limits).ConfigureAwait(false);
            foreach (var turn in page.Turns)
            {
                if (query.MatchId is { } match && turn.Damage is null && turn.Key.MatchId != match)
                {
                    return new FeedPage([], after, AtEnd: true); // a run of another match
                }
                turns++;
                foreach (var e in EventsOf(turn, next, query, ref version))
                {
                    next = e.Seq;
                    if (query.Matches(e))
                    {
                        events.Add(e);
                        if (events.Count == limit)
                        {
                            return new FeedPage(events.ToImmutable(), next, AtEnd: false);
                        }
                    }
                }
            }
            if (page.AtEnd || turns >= limit)
            {
                return new FeedPage(events.ToImmutable(), next, AtEnd: turns < limit);
            }
        }
    }

    /// <summary>
    /// The events of one record that was brought otherwise than by being read; empty where they must be read, because the
    /// record was too large to be brought, or is not whole.
    /// </summary>
    /// <param name="last">The number of its last event.</param>
    /// <param name="recent">What this process has written itself.</param>
    public static ImmutableArray<FeedEvent> EventsOf(long last, string run, RunKey key, byte[] record, RecentTurns? recent = null)
    {
        if (record.Length == 0)
        {
            return [];
        }
        var turn = new StoredTurn(last, run, key, record);
        try
        {
            return Shown(turn, recent?.Take(last, record) ?? turn.Open(s_brought).Events);
        }
        catch (DamageException)
        {
            return [];
        }
    }

    // What feeds show of a record after a number.
    private IEnumerable<FeedEvent> EventsOf(StoredTurn turn, long after, FeedQuery query, ref long? version)
    {
        var expected = version;
        version = null;
        try
        {
            var (all, said) = turn.Open(text);
            version = query.RunId is null ? null : said + all.Length;
            var shown = Shown(turn, all, after);
            return expected is { } before && said is { } other && before != other
                ? shown.Prepend(Missing(
                    turn, after + 1, turn.Last - all.Length, turn.OneMissing(other, before, text)))
                : shown;
        }
        catch (DamageException damage)
        {
            // All runs together have every number, so that what is missing begins where the last record ended.
            var claimed = turn.Claimed;
            var first = query is { RunId: null, MatchId: null } ? after + 1
                : claimed >= 1 && claimed <= turn.Last - after ? turn.Last - claimed + 1 : turn.Last;
            return [Missing(turn, first, turn.Last, damage)];
        }
    }

    private static ImmutableArray<FeedEvent> Shown(StoredTurn turn, IReadOnlyList<RunEvent> all)
    {
        var (first, id, writer) = (turn.Last - all.Count + 1, RunId.Parse(turn.Run), TurnWriter.OfThread.Feed);
        var shown = ImmutableArray.CreateBuilder<FeedEvent>(all.Count);
        for (var i = 0; i < all.Count; i++)
        {
            shown.Add(writer.Write(first + i, id, turn.Key, all[i]));
        }
        return shown.MoveToImmutable();
    }

    private static IEnumerable<FeedEvent> Shown(StoredTurn turn, RunEvent[] all, long after)
    {
        var first = turn.Last - all.Length + 1;
        var seen = (int)Math.Max(0, after + 1 - first);
        var id = RunId.Parse(turn.Run);
        for (var i = seen; i < all.Length; i++)
        {
            yield return TurnWriter.OfThread.Feed.Write(first + i, id, turn.Key, all[i]);
        }
    }

    private FeedEvent Missing(StoredTurn turn, long first, long last, DamageException damage)
    {
        log.Report(damage);
        _ = RunId.TryParse(turn.Run, out var run);
        return TurnWriter.OfThread.Feed.Damaged(last, first, run, turn.Key, time.GetUtcNow(), damage.Message);
    }
}
