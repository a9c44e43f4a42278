using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Embedded.Journal;

/// <summary>Reads what is durable, on connections of its own, beside the writer.</summary>
internal sealed class JournalReader(JournalFile file) : IRunSource, IDisposable
{
    private const int MostIdleConnections = 8;

    private readonly ConcurrentBag<SqliteConnection> _idle = [];
    private readonly PlanCache _plans = new();

    public RunRow? Find(RunId id) => Rows("WHERE run_id = $a", ("$a", id.Value)).FirstOrDefault();

    public RunRow? Find(RunKey key) =>
        Rows("WHERE match_id = $a AND round = $b", ("$a", key.MatchId), ("$b", key.Round)).FirstOrDefault();

    /// <summary>The rows of all runs that have not ended, oldest first.</summary>
    public IReadOnlyList<RunRow> Active() => Rows("WHERE status = 0 ORDER BY id");

    /// <summary>The rows of all runs that have ended, and owe webhooks something, oldest first.</summary>
    public IReadOnlyList<RunRow> Owing() => Rows($"WHERE status > {RunRow.Owes} ORDER BY id");

    /// <summary>The same, damaged ones too.</summary>
    public IReadOnlyList<ListedRun> ReadOwing() => Listed($"WHERE status > {RunRow.Owes} ORDER BY id");

    /// <summary>All runs that have not ended, damaged ones too, oldest first.</summary>
    public IReadOnlyList<ListedRun> ReadActive() => Listed("WHERE status = 0 ORDER BY id");

    /// <summary>Every run, oldest first.</summary>
    public IReadOnlyList<RunRow> All() => Rows("ORDER BY id");

    /// <summary>The number of the last event that is durable or was; the feed may not have shown it yet.</summary>
    public long LastSeq()
    {
        var last = 0L;
        Query(
            """
            SELECT coalesce(max(last_seq), 0) FROM journal
            UNION ALL SELECT value FROM meta WHERE name = 'last_seq'
            """, [], row =>
            {
                last = Math.Max(last, row.GetInt64(0));
                return true;
            });
        return last;
    }

    /// <summary>The names of the agents that an operator has drained.</summary>
    public IReadOnlyList<string> Drained()
    {
        var drained = new List<string>();
        Query(
            "SELECT substr(name, length($prefix) + 1) FROM meta WHERE substr(name, 1, length($prefix)) = $prefix ORDER BY name",
            [("$prefix", KeepDrained.Prefix)], row =>
            {
                drained.Add(row.GetString(0));
                return true;
            });
        return drained;
    }

    /// <summary>When the last run was accepted; null when there is none.</summary>
    public DateTimeOffset? LastAccepted()
    {
        DateTimeOffset? last = null;
        Query("SELECT max(accepted_at) FROM runs", [], row =>
        {
            last = row.IsDBNull(0) ? null : new DateTimeOffset(row.GetInt64(0), TimeSpan.Zero);
            return false;
        });
        return last;
    }

    /// <summary>A page of the runs that are the work of no other run's attempt, oldest first: their numbers and ids.</summary>
    /// <param name="since">Only those that were accepted then or later.</param>
    /// <param name="after">The number that all of them come after.</param>
    /// <param name="atEnd">Set when there are no more.</param>
    /// <returns>In place of an id that is damaged there is none.</returns>
    public IReadOnlyList<(long Number, RunId Id)> ReadPosted(DateTimeOffset? since, string? plan, long after, ref bool atEnd)
    {
        const int Most = 1_000;
        var runs = new List<(long, RunId)>(Most);
        Query(
            $"""
            SELECT id, run_id FROM runs WHERE id > $after AND accepted_at >= $since AND ($plan = '' OR plan_name = $plan)
            AND substr(match_id, 1, {ParentRun.KeyPrefix.Length}) <> '{ParentRun.KeyPrefix}' ORDER BY id LIMIT {Most}
            """,
            [("$after", after), ("$since", since?.UtcTicks ?? 0), ("$plan", plan ?? "")],
            row =>
            {
                runs.Add((row.GetInt64(0), RunId.TryParse(row.GetString(1), out var id) ? id : default));
                return true;
            });
        atEnd = runs.Count < Most;
        return runs;
    }

    /// <inheritdoc/>
    public ValueTask<StoredRun?> FindAsync(RunId run) => ValueTask.FromResult(Find(run)?.Stored);

    /// <inheritdoc/>
    public ValueTask<Plan?> FindPlanAsync(RunId run, RunHead head)
    {
        var plan = _plans.Find(head);
        if (plan is null)
        {
            Query("SELECT id, hash, definition FROM plans WHERE id = $id", [("$id", head.PlanKey)], row =>
            {
                var utf8 = (byte[])row.GetValue(2);
                JournalCheck.Plan(file.Damage, row.GetInt64(0), row.GetString(1), utf8);
                plan = _plans.Read(run, head, utf8, file.Damage);
                return false;
            });
        }
        return ValueTask.FromResult(plan);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ListedRun>> ReadRunsAsync(RunQuery query, long before, int most)
    {
        // Those that still owe webhooks something have a number of their own, and are merged.
        long?[] statuses = query.Activity is not null ? [0]
            : query.Status is not { } status ? [null]
            : status.IsEnded() ? [(long)status, (long)status + RunRow.Owes]
            : [0];
        IReadOnlyList<ListedRun>[] found = [.. statuses.Select(s => ReadRuns(query, s, before, most))];
        return ValueTask.FromResult(found.Length == 1
            ? found[0]
            : [.. found.SelectMany(static f => f).OrderByDescending(static r => r.Number).Take(most)]);
    }

    private IReadOnlyList<ListedRun> ReadRuns(RunQuery query, long? status, long before, int most)
    {
        var where = new StringBuilder("WHERE id < $before");
        var parameters = new List<(string, object)> { ("$before", before), ("$limit", most) };
        void And(string column, string name, object? value)
        {
            if (value is not null)
            {
                where.Append(CultureInfo.InvariantCulture, $" AND {column} = {name}");
                parameters.Add((name, value));
            }
        }
        And("status", "$status", status);
        And("match_id", "$match", query.MatchId);
        if (query.Round is { } round)
        {
            where.Append(CultureInfo.InvariantCulture, $" AND {FormerKey.Matches("$round")}");
            parameters.Add(("$round", round));
        }
        And("plan_name", "$plan", query.Plan);
        return Listed($"{where} ORDER BY id DESC LIMIT $limit", [.. parameters]);
    }

    /// <inheritdoc/>
    public ValueTask<TurnPage> ReadTurnsAsync(FeedQuery query, long after, TurnLimits limits)
    {
        var where = new StringBuilder("WHERE last_seq > $after");
        var parameters = new List<(string, object)> { ("$after", after) };
        if (query.RunId is { } id)
        {
            where.Append(" AND journal.run = (SELECT id FROM runs WHERE run_id = $run)");
            parameters.Add(("$run", id.Value));
        }
        if (query.MatchId is { } match)
        {
            where.Append(" AND journal.run IN (SELECT id FROM runs WHERE match_id = $match)");
            parameters.Add(("$match", match));
        }
        var turns = new List<StoredTurn>();
        var runs = new Dictionary<long, RunOfTurn>();
        var (events, bytes, atEnd) = (0, 0L, true);
        Query(
            $"""
            SELECT last_seq, run, events, journal.checksum, {RunRow.Columns}
            FROM journal LEFT JOIN runs ON runs.id = journal.run {where} ORDER BY last_seq
            """, [.. parameters], row =>
            {
                if (turns.Count > 0 && (turns.Count >= limits.Turns || events >= limits.Events || bytes >= limits.Bytes))
                {
                    return atEnd = false;
                }
                var turn = TurnOf(row, RunOf(row, runs));
                turns.Add(turn);
                events += turn.Claimed;
                bytes += turn.Record!.Value.Length;
                return true;
            });
        var run = query.RunId is null || runs.Count == 0 ? null : runs.Values.First().Run;
        return ValueTask.FromResult(new TurnPage(turns, atEnd, run));
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var connection))
        {
            connection.Dispose();
        }
    }

    private (RunRow? Row, DamageException? Damage) Try(SqliteDataReader row, int at)
    {
        try
        {
            return (RunRow.Read(row, at, file.Damage), null);
        }
        catch (DamageException damage)
        {
            return (null, damage);
        }
        catch (InvalidCastException e)
        {
            return (null, file.Damage.OfAll($"a row in the table 'runs' cannot be read: {e.Message.TrimEnd('.')}", e));
        }
    }

    private RunOfTurn RunOf(SqliteDataReader row, Dictionary<long, RunOfTurn> known)
    {
        var number = row.GetInt64(1);
        if (known.TryGetValue(number, out var run))
        {
            return run;
        }
        if (row.IsDBNull(4))
        {
            var unknown = $"number {number}";
            run = new RunOfTurn(
                unknown, default, null, file.Damage.OfRun(unknown, "has events, and no row in the table 'runs'"));
        }
        else
        {
            var (found, damage) = Try(row, 4);
            run = new RunOfTurn(
                row.GetString(5), new RunKey(row.GetString(6), FormerKey.RoundOf(row.GetString(7))), found?.Stored, damage);
        }
        known.Add(number, run);
        return run;
    }

    private StoredTurn TurnOf(SqliteDataReader row, RunOfTurn run)
    {
        var (seq, number, record) = (row.GetInt64(0), row.GetInt64(1), (byte[])row.GetValue(2));
        var damage = run.Damage;
        if (damage is null && RowChecksum.OfRecord(seq, number, record) != row.GetInt64(3))
        {
            damage = file.Damage.OfRun(run.Id, $"has a record that does not match its checksum, event {seq}", run.Key);
        }
        return new StoredTurn(seq, run.Id, run.Key, record, damage) { IsUnsealed = !SealedRecord.IsSealed(record) };
    }

    private IReadOnlyList<ListedRun> Listed(string where, params (string, object)[] parameters)
    {
        var runs = new List<ListedRun>();
        Query($"SELECT {RunRow.Columns} FROM runs {where}", parameters, row =>
        {
            var (run, damage) = Try(row, 0);
            runs.Add(new ListedRun(row.GetInt64(0), run?.Stored, damage));
            return true;
        });
        return runs;
    }

    private List<RunRow> Rows(string where, params (string, object)[] parameters)
    {
        var rows = new List<RunRow>();
        Query($"SELECT {RunRow.Columns} FROM runs {where}", parameters, row =>
        {
            rows.Add(RunRow.Read(row, 0, file.Damage));
            return true;
        });
        return rows;
    }

    private void Query(string sql, (string Name, object Value)[] parameters, Func<SqliteDataReader, bool> onRow)
    {
        SqliteConnection? connection = null;
        try
        {
            if (!_idle.TryTake(out connection))
            {
                connection = file.Connect();
            }
            Run(connection, sql, parameters, onRow);
        }
        catch (Exception e) when (e is SqliteException or InvalidCastException or InvalidOperationException)
        {
            connection?.Dispose();
            throw file.Explain(e);
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
        if (_idle.Count >= MostIdleConnections)
        {
            connection.Dispose();
            return;
        }
        _idle.Add(connection);
    }

    private static void Run(
        SqliteConnection connection, string sql, (string Name, object Value)[] parameters,
        Func<SqliteDataReader, bool> onRow)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }
        using var reader = command.ExecuteReader();
        while (reader.Read() && onRow(reader))
        {
        }
    }

    /// <summary>Of which run a record is.</summary>
    /// <param name="Id">The run's id, or what stands in its place.</param>
    private sealed record RunOfTurn(string Id, RunKey Key, StoredRun? Run, DamageException? Damage);
}
