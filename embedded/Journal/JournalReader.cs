using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Embedded.Journal;

/// <summary>A run's row.</summary>
internal sealed record RunRow(RunRef Ref, long PlanId, string PlanName, RunSummary Summary)
{
    public bool IsActive => Summary.Status == RunStatus.Running;
}

/// <summary>Reads what is durable, on connections of its own, beside the writer.</summary>
internal sealed class JournalReader(JournalFile file) : IDisposable
{
    private const int MostIdleConnections = 8;

    private const string RunColumns = """
        runs.id, runs.run_id, runs.match_id, runs.round, runs.plan_id, runs.plan_name, runs.plan_version, runs.status,
        runs.accepted_at, runs.started_at, runs.ended_at
        """;

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
            "SELECT last_seq, events FROM journal WHERE run = $run ORDER BY last_seq", [("$run", run.Ref.Row)], row =>
            {
                foreach (var e in EventsOf(row, 0, 1))
                {
                    RunMachine.Evolve(state, e);
                }
                return true;
            });
        if (state.Version == 0)
        {
            throw new JournalException(
                $"Run '{run.Ref.Key}' ({run.Ref.Id}) has a row in the journal '{file.Path}' and no events.");
        }
        return state;
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
        Query(
            "SELECT last_seq, events, runs.run_id, runs.match_id, runs.round FROM journal JOIN runs ON runs.id = journal.run " +
            $"{where} ORDER BY last_seq LIMIT $limit", [.. parameters], row =>
            {
                rows++;
                var turn = EventsOf(row, 0, 1);
                var runId = RunId.Parse(row.GetString(2));
                var key = new RunKey(row.GetString(3), row.GetString(4));
                var first = row.GetInt64(0) - turn.Length + 1;
                for (var i = (int)Math.Max(0, after + 1 - first); i < turn.Length && !full; i++)
                {
                    var e = writer.Write(first + i, runId, key, turn[i]);
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
            Query("SELECT definition FROM plans WHERE id = $id", [("$id", run.PlanId)], row =>
            {
                definition = Json.Parse((byte[])row.GetValue(0));
                return false;
            });
            if (_plans.Count >= 1_000)
            {
                _plans.Clear();
            }
            _plans[run.PlanId] = definition
                ?? throw new JournalException($"Plan {run.PlanId} of run '{run.Ref.Key}' is not in the journal '{file.Path}'.");
        }
        var result = PlanReader.ReadJson(run.PlanName, definition);
        return result.Plan ?? throw new JournalException(
            $"Plan '{run.PlanName}' {run.Summary.PlanVersion} in the journal '{file.Path}' cannot be read: " +
            string.Join("; ", result.Problems));
    }

    private RunEvent[] EventsOf(SqliteDataReader row, int seq, int events)
    {
        try
        {
            return RunEventJson.Read((byte[])row.GetValue(events));
        }
        catch (JsonException e)
        {
            throw new JournalException(
                $"The record of event {row.GetInt64(seq)} in the journal '{file.Path}' is damaged: {e.Message}", e);
        }
    }

    private List<RunRow> Rows(string where, params (string, object)[] parameters)
    {
        var rows = new List<RunRow>();
        Query($"SELECT {RunColumns} FROM runs {where}", parameters, row =>
        {
            rows.Add(ReadRun(row));
            return true;
        });
        return rows;
    }

    private static RunRow ReadRun(SqliteDataReader row)
    {
        DateTimeOffset? Time(int column) =>
            row.IsDBNull(column) ? null : new DateTimeOffset(row.GetInt64(column), TimeSpan.Zero);

        var id = RunId.Parse(row.GetString(1));
        var key = new RunKey(row.GetString(2), row.GetString(3));
        var status = row.GetInt64(7);
        var startedAt = Time(9);
        return new RunRow(
            new RunRef(id, key, row.GetInt64(0)) { StartedAt = startedAt?.UtcTicks },
            row.GetInt64(4),
            row.GetString(5),
            new RunSummary
            {
                RunId = id,
                MatchId = key.MatchId,
                Round = key.Round,
                Plan = row.GetString(5),
                PlanVersion = row.GetString(6),
                Status = status == 0 ? RunStatus.Running : (RunStatus)status,
                AcceptedAt = Time(8)!.Value,
                StartedAt = startedAt,
                EndedAt = Time(10),
            });
    }

    private void Query(string sql, (string Name, object Value)[] parameters, Func<SqliteDataReader, bool> onRow)
    {
        if (!_idle.TryTake(out var connection))
        {
            connection = file.Connect();
        }
        using (var command = connection.CreateCommand())
        {
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
        if (_idle.Count >= MostIdleConnections)
        {
            connection.Dispose();
            return;
        }
        _idle.Add(connection);
    }
}
