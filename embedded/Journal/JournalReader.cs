using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Embedded.Journal;

/// <summary>Reads what is durable, on connections of its own, beside the writer.</summary>
internal sealed class JournalReader(JournalFile file) : IDisposable
{
    private const int MostIdleConnections = 8;

    private readonly ConcurrentBag<SqliteConnection> _idle = [];
    private readonly ConcurrentDictionary<long, Json> _plans = new();

    public RunRow? Find(RunId id) => Rows("WHERE run_id = $a", ("$a", id.Value)).FirstOrDefault();

    public RunRow? Find(RunKey key) =>
        Rows("WHERE match_id = $a AND round = $b", ("$a", key.MatchId), ("$b", key.Round)).FirstOrDefault();

    /// <summary>The rows of all runs that have not ended, oldest first.</summary>
    public IReadOnlyList<RunRow> Active() => Rows("WHERE status = 0 ORDER BY id");

    /// <summary>Runs, newest first; with the status as the journal has it: running for all that have not ended.</summary>
    public IReadOnlyList<RunRow> List(RunQuery query, long before, int limit)
    {
        var where = new StringBuilder("WHERE id < $before");
        var parameters = new List<(string, object)> { ("$before", before), ("$limit", limit) };
        void And(string column, string name, object? value)
        {
            if (value is not null)
            {
                where.Append(CultureInfo.InvariantCulture, $" AND {column} = {name}");
                parameters.Add((name, value));
            }
        }
        And("status", "$status", query.Activity is not null ? 0L : query.Status is { } s ? (long)(s.IsEnded() ? s : 0) : null);
        And("match_id", "$match", query.MatchId);
        And("round", "$round", query.Round);
        And("plan_name", "$plan", query.Plan);
        where.Append(" ORDER BY id DESC LIMIT $limit");
        return Rows(where.ToString(), [.. parameters]);
    }

    /// <summary>Replays a run from its events.</summary>
    /// <exception cref="JournalException">Its records are damaged.</exception>
    public RunState Replay(RunRow run)
    {
        var state = new RunState(PlanOf(run));
        Query(
            "SELECT last_seq, run, events, checksum FROM journal WHERE run = $run ORDER BY last_seq",
            [("$run", run.Ref.Row)], row =>
            {
                Apply(state, row, run);
                return true;
            });
        if (state.Version == 0)
        {
            throw Damaged(run, "has a row and no events");
        }
        if (state.Key != run.Ref.Key || state.Status.IsEnded() == run.IsActive
            || (state.Status.IsEnded() && state.Status != run.Summary.Status))
        {
            throw Damaged(run, $"is {run.Summary.Status} by its row and {state.Status} by its events");
        }
        run.Ref.StartedAt ??= state.StartedAt?.UtcTicks;
        return state;
    }

    /// <summary>Who has had an attempt in a run by its events, where its row does not say it.</summary>
    /// <exception cref="JournalException">Its records are damaged.</exception>
    public AgentSet AgentsOf(RunRow run)
    {
        var agents = AgentSet.None;
        Query(
            "SELECT last_seq, run, events, checksum FROM journal WHERE run = $run ORDER BY last_seq",
            [("$run", run.Ref.Row)], row =>
            {
                agents = EventsOf(row).Aggregate(agents, static (known, e) => known.With(e));
                return true;
            });
        return agents;
    }

    /// <summary>Reads everything there is.</summary>
    /// <exception cref="JournalException">Something is damaged.</exception>
    public void CheckAll()
    {
        Query("SELECT last_seq, run, events, checksum FROM journal", [], row =>
        {
            RecordOf(row);
            return true;
        });
        foreach (var run in All())
        {
            Replay(run);
        }
    }

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

    /// <summary>One page of events after a number, filtered; <see cref="FeedPage.Next"/> is the last number looked at.</summary>
    public FeedPage ReadEvents(FeedQuery query, long after, int limit)
    {
        var where = new StringBuilder("WHERE last_seq > $after");
        var parameters = new List<(string, object)> { ("$after", after), ("$limit", limit) };
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
        var events = ImmutableArray.CreateBuilder<FeedEvent>();
        var writer = new FeedWriter();
        var next = after;
        var rows = 0;
        var full = false;
        var runs = new Dictionary<long, RunRef>();
        Query(
            $"""
            SELECT last_seq, run, events, journal.checksum, {RunRow.Columns}
            FROM journal LEFT JOIN runs ON runs.id = journal.run {where} ORDER BY last_seq LIMIT $limit
            """, [.. parameters], row =>
            {
                rows++;
                var turn = EventsOf(row);
                var run = RunOf(runs, row);
                var first = row.GetInt64(0) - turn.Length + 1;
                for (var i = (int)Math.Max(0, after + 1 - first); i < turn.Length && !full; i++)
                {
                    var e = writer.Write(first + i, run.Id, run.Key, turn[i]);
                    next = e.Seq;
                    if (query.Matches(e))
                    {
                        events.Add(e);
                        full = events.Count == limit;
                    }
                }
                return !full;
            });
        return new FeedPage(events.ToImmutable(), next, AtEnd: !full && rows < limit);
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var connection))
        {
            connection.Dispose();
        }
    }

    private Plan PlanOf(RunRow run)
    {
        if (!_plans.TryGetValue(run.PlanId, out var definition))
        {
            Query("SELECT hash, definition FROM plans WHERE id = $id", [("$id", run.PlanId)], row =>
            {
                var utf8 = (byte[])row.GetValue(1);
                JournalCheck.Plan(file.Path, run.PlanId, row.GetString(0), utf8);
                definition = Json.Parse(utf8);
                return false;
            });
            if (_plans.Count >= 1_000)
            {
                _plans.Clear();
            }
            _plans[run.PlanId] = definition
                ?? throw Damaged(run, $"was started with plan {run.PlanId}, which is not there");
        }
        var result = PlanReader.ReadJson(run.PlanName, definition);
        return result.Plan ?? throw new JournalException(
            $"Plan '{run.PlanName}' {run.Summary.PlanVersion} in the journal '{file.Path}' cannot be read: " +
            string.Join("; ", result.Problems));
    }

    // Events that are whole, and that cannot follow each other, mean that one between them is missing.
    private void Apply(RunState state, SqliteDataReader row, RunRow run)
    {
        foreach (var e in EventsOf(row))
        {
            try
            {
                RunMachine.Evolve(state, e);
            }
            catch (Exception cause) when (cause is not OutOfMemoryException)
            {
                throw Damaged(run, $"has a record that does not fit the ones before it, event {row.GetInt64(0)}", cause);
            }
        }
    }

    private RunRef RunOf(Dictionary<long, RunRef> known, SqliteDataReader row)
    {
        var id = row.GetInt64(1);
        if (!known.TryGetValue(id, out var run))
        {
            if (row.IsDBNull(4))
            {
                throw JournalException.Damaged(
                    file.Path, $"event {row.GetInt64(0)} is of run {id}, which has no row in the table 'runs'.");
            }
            known.Add(id, run = RunRow.Read(row, 4, file.Path).Ref);
        }
        return run;
    }

    private RunEvent[] EventsOf(SqliteDataReader row)
    {
        try
        {
            return RunEventJson.Read(RecordOf(row));
        }
        catch (JsonException e)
        {
            throw JournalException.Damaged(
                file.Path, $"the record of event {row.GetInt64(0)} cannot be read: {e.Message.TrimEnd('.')}.", e);
        }
    }

    private byte[] RecordOf(SqliteDataReader row)
    {
        var (seq, run, events) = (row.GetInt64(0), row.GetInt64(1), (byte[])row.GetValue(2));
        return Crc32C.OfRecord(seq, run, events) == row.GetInt64(3)
            ? events
            : throw JournalException.Damaged(
                file.Path, $"the record of event {seq}, of run {run}, does not have its checksum.");
    }

    private JournalException Damaged(RunRow run, string what, Exception? cause = null) =>
        JournalException.Damaged(file.Path, $"run '{run.Ref.Key}' ({run.Ref.Id}) {what}.", cause);

    private List<RunRow> Rows(string where, params (string, object)[] parameters)
    {
        var rows = new List<RunRow>();
        Query($"SELECT {RunRow.Columns} FROM runs {where}", parameters, row =>
        {
            rows.Add(RunRow.Read(row, 0, file.Path));
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
}
