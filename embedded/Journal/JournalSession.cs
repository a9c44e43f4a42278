using System.Globalization;
using System.Security.Cryptography;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Embedded.Journal;

/// <summary>The writer's connection: what each write means in rows.</summary>
internal class JournalSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Statement _begin, _commit, _rollback, _insertRun, _insertEvents, _setStatus, _insertPlan,
        _findPlan, _expired, _deleteEvents, _deleteRun, _keepNumber, _dropNumber, _findLast;
    private readonly Dictionary<Plan, long> _planRows = new(ReferenceEqualityComparer.Instance);
    private List<FeedEvent> _pending = [];
    private long _lastRow, _seq, _row;

    public JournalSession(JournalFile file)
    {
        _connection = file.Connect();
        LastSeq = _seq = Math.Max(
            JournalFile.Scalar(_connection, "SELECT max(last_seq) FROM journal"),
            JournalFile.Scalar(_connection, "SELECT value FROM meta WHERE name = 'last_seq'"));
        _lastRow = _row = Math.Max(
            JournalFile.Scalar(_connection, "SELECT max(id) FROM runs"),
            JournalFile.Scalar(_connection, "SELECT value FROM meta WHERE name = 'last_run'"));
        JournalFile.Execute(_connection, "DELETE FROM plans WHERE id NOT IN (SELECT plan_id FROM runs)");
        _begin = new(_connection, "BEGIN IMMEDIATE");
        _commit = new(_connection, "COMMIT");
        _rollback = new(_connection, "ROLLBACK");
        _insertRun = new(_connection, """
            INSERT INTO runs (id, run_id, match_id, round, plan_id, plan_name, plan_version, status, accepted_at, tenant,
                priority, tip, checksum, status_checksum)
            VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?) ON CONFLICT (match_id, round) DO NOTHING
            """);
        _insertEvents = new(_connection, "INSERT INTO journal (last_seq, run, events, checksum) VALUES (?, ?, ?, ?)");
        _setStatus = new(_connection, """
            UPDATE runs SET status = ?, ended_at = ?, tip = ?, status_checksum = ?, started_at = NULL, agents = NULL,
                reason = NULL
            WHERE id = ?
            """);
        _insertPlan = new(_connection, "INSERT INTO plans (hash, definition) VALUES (?, ?) ON CONFLICT DO NOTHING");
        _findPlan = new(_connection, "SELECT id FROM plans WHERE hash = ?");
        _expired = new(_connection, $"""
            SELECT id FROM runs WHERE status > 0 AND status < {RunRow.Owes} AND ended_at < ?1 AND id < coalesce(
                (SELECT id FROM runs WHERE accepted_at >= ?1 ORDER BY id LIMIT 1), {long.MaxValue})
            ORDER BY id LIMIT ?2
            """);
        _deleteEvents = new(_connection, "DELETE FROM journal WHERE run = ?");
        _deleteRun = new(_connection, "DELETE FROM runs WHERE id = ?");
        _findLast = new(
            _connection,
            $"SELECT substr(events, 1, {SealedRecord.HeaderBytes}) FROM journal WHERE run = ? ORDER BY last_seq DESC LIMIT 1");
        _keepNumber = new(_connection, """
            INSERT INTO meta (name, value, checksum) VALUES (?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value, checksum = excluded.checksum
            """);
        _dropNumber = new(_connection, "DELETE FROM meta WHERE name = ?");
    }

    /// <summary>The number of the last event that is durable.</summary>
    public long LastSeq { get; private set; }

    public virtual void Begin()
    {
        _seq = LastSeq;
        _row = _lastRow;
        _pending.Clear();
        _begin.Run();
    }

    public virtual void Commit()
    {
        _commit.Run();
        LastSeq = _seq;
        _lastRow = _row;
    }

    /// <summary>Takes back everything since the last commit. Harmless when SQLite has done so already.</summary>
    public void Rollback()
    {
        _pending.Clear();
        _planRows.Clear();
        if (SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle) == 0)
        {
            _rollback.Run();
        }
    }

    /// <summary>The events of the last commit, as the feed shows them.</summary>
    public List<FeedEvent> TakeCommitted()
    {
        var committed = _pending;
        _pending = new List<FeedEvent>(committed.Count);
        return committed;
    }

    public virtual WriteOutcome Apply(JournalWrite write)
    {
        switch (write)
        {
            case AppendEvents append: return Append(append);
            case SweepRuns sweep: Sweep(sweep); return WriteOutcome.Durable;
            case KeepDrained keep: Keep(keep); return WriteOutcome.Durable;
            case Flush: return WriteOutcome.Durable;
            default: throw new ArgumentOutOfRangeException(nameof(write), write.GetType(), "unknown write");
        }
    }

    /// <summary>Writes down which numbers have been used, so that they are never used again.</summary>
    public void KeepNumbers()
    {
        KeepNumber("last_seq", _seq);
        KeepNumber("last_run", _row);
    }

    public void Dispose()
    {
        foreach (var statement in new[]
        {
            _begin, _commit, _rollback, _insertRun, _insertEvents, _setStatus, _insertPlan, _findPlan,
            _expired, _deleteEvents, _deleteRun, _keepNumber, _dropNumber, _findLast,
        })
        {
            statement.Dispose();
        }
        _connection.Dispose();
    }

    internal void LimitFile(int pages) => JournalFile.Execute(_connection, $"PRAGMA max_page_count = {pages}");

    private WriteOutcome Append(AppendEvents append)
    {
        if (append.Accept is { } plan && !Accept(append, plan))
        {
            return WriteOutcome.KeyTaken;
        }
        if (append.Accept is null && RefusalOf(append) is { } refused)
        {
            return refused;
        }
        var (last, row) = (_seq, append.Run.Row);
        foreach (var record in append.Records)
        {
            var bytes = record.Span;
            last += SealedRecord.ClaimedCount(bytes);
            _insertEvents.Bind(last).Bind(row).Bind(bytes).Bind(RowChecksum.OfRecord(last, row, bytes)).Run();
        }
        foreach (var e in append.Shown)
        {
            _pending.Add(e.Number(++_seq));
        }
        append.LastSeq = _seq = last;
        if (append is { Accept: null, Line: { } line, Tip: { } tip })
        {
            var (status, ended) = StatusOf(line);
            _setStatus.Bind(status).Bind(ended).Bind(tip).Bind(RowChecksum.OfStatus(row, status, ended, tip)).Bind(row)
                .Run();
        }
        return WriteOutcome.Durable;
    }

    // A run of the engine that has not ended is written by its driver alone, in the order of its turns. One that has ended
    // only begins with these: by then retention may have removed it, or somebody else have written.
    private WriteOutcome? RefusalOf(AppendEvents append)
    {
        if (append.IsChecked)
        {
            return Check(append);
        }
        if (append.Events[0] is RunEvent.SubmissionSkipped or RunEvent.RunSuperseded or RunEvent.RunRetried or RunEvent.WebhookDelivered
            or RunEvent.WebhookFailed or RunEvent.AttemptStopped)
        {
            append.Run.Refused = Check(append);
        }
        return append.Run.Refused;
    }

    private WriteOutcome? Check(AppendEvents append) =>
        _findLast.Bind(append.Run.Row).Blob() is not { } last ? WriteOutcome.RunRemoved
            : SealedRecord.VersionAfter(last) is { } version && version != append.Version ? WriteOutcome.Conflict
            : null;

    private bool Accept(AppendEvents append, Plan plan)
    {
        var e = (RunEvent.RunAccepted)append.Events[0];
        if (e.Supersedes is { } before)
        {
            FormerKey.GiveUp(_connection, e.Key, before);
        }
        var (row, planRow, at, id) = (_row + 1, PlanRow(plan), e.Time.UtcTicks, e.RunId.Value);
        var inserted = _insertRun.Bind(row).Bind(id).Bind(e.MatchId).Bind(e.Round)
            .Bind(planRow).Bind(e.PlanName).Bind(e.PlanVersion).Bind(at).Bind(e.Tenant).Bind(e.Priority).Bind(append.Tip)
            .Bind(RowChecksum.OfRun(
                row, id, e.MatchId, e.Round, planRow, e.PlanName, e.PlanVersion, at, e.Tenant, e.Priority))
            .Bind(RowChecksum.OfStatus(row, 0, null, append.Tip)).Run();
        if (inserted == 0)
        {
            return false;
        }
        append.Run.Row = ++_row;
        append.PlanKey = planRow.ToString(CultureInfo.InvariantCulture);
        return true;
    }

    // Plans of the configuration are looked up once; an inline plan is forgotten with its run.
    private long PlanRow(Plan plan)
    {
        if (_planRows.TryGetValue(plan, out var row))
        {
            return row;
        }
        var definition = plan.Definition.Utf8.Span;
        var hash = Convert.ToHexStringLower(SHA256.HashData(definition));
        _insertPlan.Bind(hash).Bind(definition).Run();
        row = _findPlan.Bind(hash).Scalar()
            ?? throw new JournalException($"Plan '{plan.Name}' was written, and cannot be found.");
        if (_planRows.Count >= 256)
        {
            _planRows.Clear();
        }
        _planRows.Add(plan, row);
        return row;
    }

    private static (long Status, long? Ended) StatusOf(RunSummary line) =>
        line.Status.IsEnded()
            ? ((long)line.Status + (line.OpenWebhooks > 0 ? RunRow.Owes : 0), line.EndedAt?.UtcTicks)
            : (0, null);

    private void Sweep(SweepRuns sweep)
    {
        var expired = new List<long>();
        _expired.Bind(sweep.EndedBefore.UtcTicks).Bind((long)sweep.Most).Query(1, row => expired.Add(row[0]!.Value));
        foreach (var run in expired)
        {
            _deleteEvents.Bind(run).Run();
            _deleteRun.Bind(run).Run();
        }
        if (expired.Count > 0)
        {
            KeepNumbers();
        }
        sweep.Removed = expired.Count;
    }

    private void Keep(KeepDrained keep)
    {
        if (keep.Drained)
        {
            KeepNumber(keep.Name, 1);
        }
        else
        {
            _dropNumber.Bind(keep.Name).Run();
        }
    }

    private void KeepNumber(string name, long value) =>
        _keepNumber.Bind(name).Bind(value).Bind(RowChecksum.OfNumber(name, value)).Run();
}
