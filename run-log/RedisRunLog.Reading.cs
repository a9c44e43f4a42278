using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.RunLog.Records;
using AgentGrid.RunLog.Scripts;
using StackExchange.Redis;

namespace AgentGrid.RunLog;

public sealed partial class RedisRunLog
{
    private const int MostRuns = 1_000;
    private const int RunsAtOnce = 500;
    private const int FeedBytesAtOnce = 1 << 20;
    private const int ReplayBytesAtOnce = 4 << 20;
    private static readonly RedisValue[] HeadTipVersion = ["head", "tip", "v"];
    private static readonly string[] AllStatuses = ["active", "completed", "failed", "cancelled"];

    /// <summary>Null when there is no such run (any more).</summary>
    /// <exception cref="RunLogException">What is kept of it is damaged.</exception>
    public async Task<StoredRun?> FindAsync(RunId run) => (await FindRowAsync(run).ConfigureAwait(false))?.Stored;

    /// <inheritdoc cref="FindAsync(RunId)"/>
    public async Task<StoredRun?> FindAsync(RunKey key)
    {
        var rows = await RowsAsync(newest: true, double.PositiveInfinity, 1, key.MatchId, key.Round, [])
            .ConfigureAwait(false);
        return rows.Count == 0 ? null : rows[0].Sound.Stored;
    }

    /// <summary>Replays a run from its events; null when there is no such run (any more).</summary>
    /// <exception cref="RunLogException">Its records are damaged.</exception>
    public async Task<RunState?> ReplayAsync(RunId run)
    {
        var row = await FindRowAsync(run).ConfigureAwait(false);
        if (row is null)
        {
            return null;
        }
        var plan = await _plans.FindAsync(run, row.Head).ConfigureAwait(false);
        if (plan is null)
        {
            return await FindRowAsync(run).ConfigureAwait(false) is null
                ? null
                : throw RunLogException.Damaged(run, $"was accepted with plan {row.Head.PlanHash}, which is not there");
        }
        var state = new RunState(plan);
        var after = 0L;
        while (true)
        {
            var page = await TurnsAsync("run", run.Value, after, int.MaxValue, int.MaxValue, ReplayBytesAtOnce)
                .ConfigureAwait(false);
            foreach (var turn in page.Turns)
            {
                Apply(state, turn);
                after = turn.Last;
            }
            // Events may have been added meanwhile: the page has the run as it was when the page was read.
            if (page.Runs.TryGetValue(run.Value, out var latest))
            {
                row = latest.Found.Sound;
            }
            if (page.AtEnd)
            {
                break;
            }
        }
        if (state.Version == row.Version && state.Key == row.Head.Key
            && (state.Status == row.Tip.Status || (!state.Status.IsEnded() && !row.Tip.Status.IsEnded())))
        {
            return state;
        }
        return await FindRowAsync(run).ConfigureAwait(false) is null
            ? null
            : throw RunLogException.Damaged(
                run, $"is {row.Tip.Status} with {row.Version} events by its summary, and {state.Status} with " +
                $"{state.Version} by its events");
    }

    /// <summary>All runs that have not ended, oldest first; but for damaged ones, which are reported.</summary>
    public async Task<IReadOnlyList<ActiveRun>> ActiveAsync()
    {
        var active = new List<ActiveRun>();
        var after = 0D;
        while (true)
        {
            var rows = await RowsAsync(newest: false, after, RunsAtOnce, "", "", ["active"]).ConfigureAwait(false);
            active.AddRange(Sound(rows).Select(r => r.Active));
            if (rows.Count < RunsAtOnce)
            {
                return active;
            }
            after = rows[^1].Number;
        }
    }

    /// <summary>The runs of a match that have not ended, oldest first; but for damaged ones, which are reported.</summary>
    public async Task<IReadOnlyList<ActiveRun>> ActiveOfMatchAsync(string matchId)
    {
        var rows = await RowsAsync(newest: false, 0, int.MaxValue, matchId, "", ["active"]).ConfigureAwait(false);
        return [.. Sound(rows).Select(r => r.Active)];
    }

    /// <summary>Runs, newest first; but for damaged ones, which are reported.</summary>
    /// <exception cref="FormatException">The cursor was not made here.</exception>
    public async Task<RunPage> ListAsync(RunQuery query)
    {
        var limit = Math.Clamp(query.Limit, 1, MostRuns);
        var before = Parse(query.Cursor);
        var runs = ImmutableArray.CreateBuilder<RunSummary>();
        var atOnce = limit + 1;
        var looks = 0;
        while (true)
        {
            var rows = await RowsAsync(
                newest: true, before, atOnce, query.MatchId ?? "", query.Round ?? "", StatusesOf(query))
                .ConfigureAwait(false);
            foreach (var row in rows)
            {
                if (runs.Count == limit || looks >= RunQuery.MostLooks)
                {
                    return new RunPage(runs.ToImmutable(), before.ToString(CultureInfo.InvariantCulture));
                }
                before = row.Number;
                looks++;
                if (Sound(row)?.Summary is { } run && Matches(query, run))
                {
                    looks += query.Agent is not null && run.Agents is null ? RunQuery.LooksOfEvents : 0;
                    if (await HasAgentAsync(run, query.Agent).ConfigureAwait(false))
                    {
                        runs.Add(run);
                    }
                }
            }
            if (rows.Count < atOnce)
            {
                return new RunPage(runs.ToImmutable(), null);
            }
            atOnce = Math.Max(atOnce, RunsAtOnce);
        }
    }

    /// <summary>
    /// One page of events after a number, filtered; <see cref="FeedPage.Next"/> is the last number looked at.
    /// <see cref="FeedQuery.After"/> is not looked at.
    /// </summary>
    /// <param name="limit">
    /// How many events at most; and how many turns are looked at, where a filter leaves few.
    /// </param>
    /// <remarks>
    /// In the place of a record that is damaged, or of a damaged run, there is one event of the stage
    /// <see cref="Stages.Damaged"/>, with the number of the last event that is missing; and the damage is reported.
    /// </remarks>
    public async Task<FeedPage> ReadEventsAsync(FeedQuery query, long after, int limit)
    {
        var events = ImmutableArray.CreateBuilder<FeedEvent>();
        var writer = new FeedWriter();
        var (of, name) = query.RunId is { } run ? ("run", run.Value)
            : query.MatchId is { } match ? ("match", match) : ("all", "");
        var (next, turns) = (after, 0);
        // How many events one run must have before its next record, where that is known.
        long? version = of == "run" && after == 0 ? 0 : null;
        while (true)
        {
            var page = await TurnsAsync(of, name, next, limit - turns, limit - events.Count, FeedBytesAtOnce)
                .ConfigureAwait(false);
            foreach (var turn in page.Turns)
            {
                if (query.MatchId is { } asked && turn.Found.Row is { } row && asked != row.Head.MatchId)
                {
                    return new FeedPage([], after, AtEnd: true); // a run of another match
                }
                turns++;
                foreach (var e in EventsOf(turn, next, of, ref version, writer))
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

    /// <summary>The number of the last event; 0 before the first.</summary>
    public async Task<long> LastSeqAsync() =>
        (long)await RedisAnswer.Of(_redis.StringGetAsync($"{_prefix}:seq")).ConfigureAwait(false);

    // What feeds show of a turn after a number.
    private IEnumerable<FeedEvent> EventsOf(Turn turn, long after, string of, ref long? version, FeedWriter writer)
    {
        var expected = version;
        version = null;
        RunEvent[] all;
        try
        {
            var record = turn.Open();
            all = EventsOf(turn, record);
            version = of == "run" ? record.Version + all.Length : null;
            if (expected is { } before && before != record.Version)
            {
                return Shown(turn, all, after, writer).Prepend(
                    Missing(turn, after + 1, turn.Last - all.Length, OneMissing(turn, record, before), writer));
            }
        }
        catch (RunLogException damage)
        {
            // All runs together have every number, so that what is missing begins where the last record ended.
            var claimed = turn.Claimed;
            var first = of == "all" ? after + 1
                : claimed >= 1 && claimed <= turn.Last - after ? turn.Last - claimed + 1 : turn.Last;
            return [Missing(turn, first, turn.Last, damage, writer)];
        }
        return Shown(turn, all, after, writer);
    }

    private static IEnumerable<FeedEvent> Shown(Turn turn, RunEvent[] all, long after, FeedWriter writer)
    {
        var first = turn.Last - all.Length + 1;
        var seen = (int)Math.Max(0, after + 1 - first);
        return all.Skip(seen).Select((e, i) => writer.Write(first + seen + i, turn.Found.Sound.Id, turn.Key, e));
    }

    private FeedEvent Missing(Turn turn, long first, long last, RunLogException damage, FeedWriter writer)
    {
        Report(damage);
        _ = RunId.TryParse(turn.Run, out var run);
        return writer.Damaged(last, first, run, turn.Key, _time.GetUtcNow(), damage.Message);
    }

    private static RunLogException OneMissing(Turn turn, Sealed record, long before) => RunLogException.Damaged(
        turn.Run, $"has {before} events before the record of event {turn.Last}, which was written after " +
        $"{record.Version}: one between them is missing");

    // Events that are whole, and that cannot follow each other, mean that one between them is missing.
    private static void Apply(RunState state, Turn turn)
    {
        var record = turn.Open();
        var events = EventsOf(turn, record);
        if (record.Version != state.Version)
        {
            throw OneMissing(turn, record, state.Version);
        }
        foreach (var e in events)
        {
            try
            {
                RunMachine.Evolve(state, e);
            }
            catch (Exception cause) when (cause is not OutOfMemoryException)
            {
                throw RunLogException.Damaged(
                    turn.Run, $"has a record that does not fit the ones before it, event {turn.Last}", cause);
            }
        }
    }

    private static RunEvent[] EventsOf(Turn turn, Sealed record)
    {
        try
        {
            return RunEventJson.Read(record.Text.Span) is var events && events.Length == record.Count
                ? events
                : throw new JsonException($"it has {events.Length} events instead of {record.Count}");
        }
        catch (JsonException e)
        {
            throw RunLogException.Damaged(
                turn.Run, $"has a record that cannot be read, event {turn.Last}: {e.Message.TrimEnd('.')}", e);
        }
    }

    private async Task<RunRow?> FindRowAsync(RunId run)
    {
        RedisValue[] kept;
        try
        {
            kept = await RedisAnswer.Of(_redis.HashGetAsync($"{_prefix}:run:{run.Value}", HeadTipVersion))
                .ConfigureAwait(false);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal))
        {
            throw RunLogException.Damaged(run, "is something else in Redis than a hash", e);
        }
        if (!Array.TrueForAll(kept, v => v.IsNull))
        {
            return RunRow.Read(0, run, (byte[]?)kept[0], (byte[]?)kept[1], kept[2]);
        }
        // A run and its records come and go in one step, so records alone are damage; unless it came just now.
        return await RedisAnswer.Of(_redis.KeyExistsAsync($"{_prefix}:log:{run.Value}")).ConfigureAwait(false)
            && !await RedisAnswer.Of(_redis.KeyExistsAsync($"{_prefix}:run:{run.Value}")).ConfigureAwait(false)
            ? throw RunLogException.Damaged(run, "has events in the log, and is not there itself")
            : null;
    }

    private IEnumerable<RunRow> Sound(IEnumerable<FoundRun> runs) => runs.Select(Sound).OfType<RunRow>();

    private RunRow? Sound(FoundRun run)
    {
        if (run.Damage is { } damage)
        {
            Report(damage);
        }
        return run.Row;
    }

    private async Task<List<FoundRun>> RowsAsync(
        bool newest, double bound, int most, string match, string round, string[] statuses)
    {
        var answer = await EvaluateAsync(
            Script.Runs, [newest ? "1" : "0", bound, most, match, round, .. statuses.Select(s => (RedisValue)s)])
            .ConfigureAwait(false);
        var rows = new List<FoundRun>(answer.Length / 5);
        for (var i = 0; i < answer.Length; i += 5)
        {
            rows.Add(FoundRun.Read(
                (long)answer[i], (string)answer[i + 1]!, (byte[]?)answer[i + 2], (byte[]?)answer[i + 3],
                (RedisValue)answer[i + 4]));
        }
        return rows;
    }

    private async Task<TurnPage> TurnsAsync(
        string of, string name, long after, int mostTurns, int mostEvents, int mostBytes)
    {
        var answer = await EvaluateAsync(Script.Events, [of, name, after, mostTurns, mostEvents, mostBytes])
            .ConfigureAwait(false);
        return TurnPage.Read(answer);
    }

    private static string[] StatusesOf(RunQuery query) =>
        query.Activity is not null || query.Status is { } active && !active.IsEnded() ? ["active"]
        : query.MatchId is not null ? [] // few enough to look at each
        : query.Status is { } status ? [status.ToString().ToLowerInvariant()]
        : AllStatuses;

    private static bool Matches(RunQuery query, RunSummary run) =>
        (query.Status is null || query.Status == run.Status)
        && (query.Round is null || query.Round == run.Round)
        && (query.Plan is null || query.Plan == run.Plan)
        && query.Activity switch
        {
            null => true,
            RunActivity.WaitingForSlot => !run.Status.IsEnded() && run.WaitingAttempts > 0,
            RunActivity.Retrying => !run.Status.IsEnded() && run.RetryingBranches > 0,
            _ => throw new ArgumentOutOfRangeException(nameof(query), query.Activity, "unknown activity"),
        };

    private static double Parse(string? cursor) => cursor is null ? double.PositiveInfinity
        : long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var before) ? before
        : throw new FormatException(
            $"'{Names.Shorten(cursor)}' is not a cursor: pass on the 'next' of the page before.");
}
