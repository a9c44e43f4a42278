using System.Globalization;
using AgentGrid.Engine.Store;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// Makes a sound journal of a damaged one: whatever runs are whole go into a fresh file, and the damaged one is set
/// aside as it was. A run with any damaged record is dropped and named: half of a run cannot be told from a whole one.
/// </summary>
internal sealed class JournalRecovery
{
    // Numbers that clients have seen may have been lost with their events, and must not be given to others.
    private const long NumbersSkipped = 1_000_000;

    private readonly string _path;
    private readonly string _scratch;
    private readonly List<string> _dropped = [];

    private JournalRecovery(string path)
    {
        _path = path;
        _scratch = Path.Combine(Path.GetDirectoryName(path)!, "recovering");
    }

    /// <summary>Looks at everything in the journal of a folder, and recovers it if something is damaged.</summary>
    /// <exception cref="JournalException">It is in use, or is not a journal of this version.</exception>
    /// <exception cref="IOException">There is no room for a second file.</exception>
    public static RecoveryReport Recover(string folder, JournalSync sync, DateTimeOffset now)
    {
        var path = JournalFile.PathIn(folder);
        return File.Exists(path) && DamageOf(folder, sync) is { } damage
            ? new JournalRecovery(path).Rebuild(damage, now)
            : RecoveryReport.Sound;
    }

    private static string? DamageOf(string folder, JournalSync sync)
    {
        try
        {
            using var file = JournalFile.Open(folder, sync);
            JournalCheck.Everything(file);
            return null;
        }
        catch (DamageException e)
        {
            return e.Message;
        }
    }

    private RecoveryReport Rebuild(string damage, DateTimeOffset now)
    {
        using var held = JournalFile.TakeLock(_path);
        Clear();
        Directory.CreateDirectory(_scratch);
        int kept;
        using (var fresh = JournalFile.Open(_scratch, JournalSync.Full))
        using (var connection = fresh.Connect())
        {
            Copy(connection, fresh.Damage);
            kept = DropIncomplete(fresh, connection);
        }
        var aside = $"{_path}.damaged-{now.UtcDateTime.ToString("yyyyMMddTHHmmssfff", CultureInfo.InvariantCulture)}";
        File.WriteAllLines(aside + ".txt", [damage, .. _dropped]);
        if (File.Exists(_path + "-wal"))
        {
            File.Move(_path + "-wal", aside + "-wal");
        }
        File.Delete(_path + "-shm");
        // In one step, so that there is never a moment in which a start would find no file and begin an empty one.
        File.Replace(JournalFile.PathIn(_scratch), _path, aside);
        Clear();
        return new RecoveryReport(damage, aside, kept, [.. _dropped]);
    }

    private void Clear()
    {
        if (Directory.Exists(_scratch))
        {
            Directory.Delete(_scratch, recursive: true);
        }
    }

    private void Copy(SqliteConnection fresh, DamageText text)
    {
        var copy = Path.Combine(_scratch, "damaged.db");
        File.Copy(_path, copy);
        if (File.Exists(_path + "-wal"))
        {
            File.Copy(_path + "-wal", copy + "-wal");
            PageRepair.MendLog(copy + "-wal", JournalFile.PathIn(_scratch));
        }
        PageRepair.MendFirstPage(copy, JournalFile.PathIn(_scratch));
        JournalFile.Execute(fresh, "BEGIN");
        try
        {
            using var damaged = new RowRecovery(copy);
            Copy(damaged, fresh, text);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_ERROR)
        {
            _dropped.Add($"everything that was not read before SQLite gave up: {e.Message.TrimEnd('.')}");
        }
        JournalFile.Execute(fresh, "COMMIT");
    }

    private void Copy(RowRecovery damaged, SqliteConnection fresh, DamageText text)
    {
        CopyPlans(damaged, fresh);
        var lastRun = CopyRuns(damaged, fresh, text);
        var lastSeq = CopyRecords(damaged, fresh);
        foreach (var row in damaged.Read("SELECT name, value, checksum FROM meta"))
        {
            if (row is [string name, long number, long sum] && RowChecksum.OfNumber(name, number) == sum)
            {
                lastSeq = name == "last_seq" ? Math.Max(lastSeq, number) : lastSeq;
                lastRun = name == "last_run" ? Math.Max(lastRun, number) : lastRun;
                if (name.StartsWith(KeepDrained.Prefix, StringComparison.Ordinal))
                {
                    Insert(fresh, "meta", [name, number, sum]);
                }
            }
        }
        foreach (var (name, last) in new[] { ("last_seq", lastSeq), ("last_run", lastRun) })
        {
            var number = last + NumbersSkipped;
            Insert(fresh, "meta", [name, number, RowChecksum.OfNumber(name, number)]);
        }
    }

    private void CopyPlans(RowRecovery damaged, SqliteConnection fresh)
    {
        foreach (var row in damaged.Rows("plans", "id", index: null))
        {
            if (row is [long, string hash, byte[] definition] && JournalCheck.IsHashOf(definition, hash))
            {
                Insert(fresh, "plans", row);
            }
            else
            {
                _dropped.Add($"plan {row[0]}, which does not match its hash");
            }
        }
    }

    private long CopyRuns(RowRecovery damaged, SqliteConnection fresh, DamageText text)
    {
        var last = 0L;
        foreach (var row in damaged.Rows("runs", "id", "runs_by_status"))
        {
            last = Math.Max(last, (long)row[0]!);
            if (RunRow.IsSound(row, text))
            {
                Insert(fresh, "runs", row);
            }
            else
            {
                _dropped.Add(
                    $"run {row[1]} ('{row[2]}/{row[3]}') has a row in the table 'runs' that does not match its checksum");
            }
        }
        return last;
    }

    private long CopyRecords(RowRecovery damaged, SqliteConnection fresh)
    {
        var last = 0L;
        foreach (var row in damaged.Rows("journal", "last_seq", "journal_by_run"))
        {
            last = Math.Max(last, (long)row[0]!);
            if (row is [long seq, long run, byte[] events, long sum] && RowChecksum.OfRecord(seq, run, events) == sum)
            {
                Insert(fresh, "journal", row);
            }
            else if (row[1] is long owner)
            {
                Drop(fresh, owner, $"has a record that does not match its checksum, event {row[0]}");
            }
        }
        foreach (var (run, seq) in damaged.IndexedRecords())
        {
            last = Math.Max(last, seq);
            if (JournalFile.Scalar(fresh, $"SELECT count(*) FROM journal WHERE last_seq = {seq} AND run = {run}") == 0)
            {
                Drop(fresh, run, $"has a record that cannot be read, event {seq}");
            }
        }
        return last;
    }

    // What every row says of itself is true by now; what is left are runs of which rows are missing.
    private int DropIncomplete(JournalFile fresh, SqliteConnection connection)
    {
        var kept = 0;
        using var reader = new JournalReader(fresh);
        var store = JournalCheck.StoreOf(fresh, reader);
        foreach (var run in reader.All())
        {
            try
            {
                store.ReplayAsync(run.Ref.Id).GetAwaiter().GetResult();
                kept++;
            }
            catch (DamageException e)
            {
                JournalFile.Execute(connection, $"DELETE FROM runs WHERE id = {run.Ref.Row}");
                _dropped.Add(e.What);
            }
        }
        var strays = JournalFile.Scalar(
            connection, "SELECT count(DISTINCT run) FROM journal WHERE run NOT IN (SELECT id FROM runs)");
        if (strays > 0)
        {
            _dropped.Add($"the events of {strays} runs whose rows in the table 'runs' are lost or were named above");
            JournalFile.Execute(connection, "DELETE FROM journal WHERE run NOT IN (SELECT id FROM runs)");
        }
        return kept;
    }

    private void Drop(SqliteConnection fresh, long run, string what)
    {
        using var command = fresh.CreateCommand();
        command.CommandText = $"""
            DELETE FROM runs WHERE id = {run} RETURNING format('run %s (%Q)', run_id, match_id || '/' || round)
            """;
        if (command.ExecuteScalar() is string name)
        {
            _dropped.Add($"{name} {what}");
        }
    }

    private static void Insert(SqliteConnection fresh, string table, object?[] row)
    {
        using var command = fresh.CreateCommand();
        var parameters = row.Select((_, i) => $"${i}");
        command.CommandText = $"INSERT INTO {table} VALUES ({string.Join(", ", parameters)})";
        for (var i = 0; i < row.Length; i++)
        {
            command.Parameters.AddWithValue($"${i}", row[i] ?? DBNull.Value);
        }
        command.ExecuteNonQuery();
    }
}
