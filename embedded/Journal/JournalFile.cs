using System.Globalization;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Store;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// The SQLite file: its lock, its schema and its connections. Tables: <c>runs</c>, a row a run; <c>journal</c>, a row
/// for the events of one turn (of a long one, a row for each 256), sealed, keyed by the number of the last of them;
/// <c>plans</c>, every plan that a run was started with; <c>meta</c>, the numbers that must never be used again, and the agents that are drained. Every
/// row has a checksum of its own (a plan: its hash), and is checked wherever it is read.
/// </summary>
internal sealed class JournalFile : IDisposable
{
    public const int SchemaVersion = 3;

    private const string Version1 = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE plans (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, definition BLOB NOT NULL);
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            run_id TEXT NOT NULL UNIQUE,
            match_id TEXT NOT NULL,
            round TEXT NOT NULL,
            plan_id INTEGER NOT NULL,
            plan_name TEXT NOT NULL,
            plan_version TEXT NOT NULL,
            status INTEGER NOT NULL,
            accepted_at INTEGER NOT NULL,
            started_at INTEGER,
            ended_at INTEGER,
            checksum INTEGER NOT NULL,
            status_checksum INTEGER NOT NULL,
            UNIQUE (match_id, round));
        CREATE INDEX runs_by_status ON runs (status, id);
        CREATE TABLE journal (
            last_seq INTEGER PRIMARY KEY,
            run INTEGER NOT NULL,
            events BLOB NOT NULL,
            checksum INTEGER NOT NULL);
        CREATE INDEX journal_by_run ON journal (run);
        """;

    // Who has had an attempt, and why it failed or was cancelled: written when a run ends. Null in runs that ended
    // before there were these columns, whose events say it: to fill them would mean to read every event there is before
    // the start. This changes no row. A new file takes the same step, so that its schema is the one of a file that was
    // brought up to date.
    private const string Version2 = """
        ALTER TABLE runs ADD COLUMN agents TEXT;
        ALTER TABLE runs ADD COLUMN reason TEXT;
        PRAGMA user_version = 2;
        """;

    // Where a run stands, sealed: written when it ends or is retried, in the place of the columns for its start, agents and
    // reason, which only rows of older versions have. Who posted it, and how urgent it is. Records of events are sealed
    // from this version on; those before it are text alone.
    private const string Version3 = """
        ALTER TABLE runs ADD COLUMN tip BLOB;
        ALTER TABLE runs ADD COLUMN tenant TEXT;
        ALTER TABLE runs ADD COLUMN priority INTEGER;
        PRAGMA user_version = 3;
        """;
    private static readonly string[] s_steps = [Version1, Version2, Version3];

    // Null when it is only read.
    private readonly FileStream? _lock;
    private readonly string _connectionString;

    // One thread at a time uses a connection here, so SQLite need not lock what belongs to one, nor count its memory.
    // Both can be said only before the first connection of the process; where it is too late, it only costs time.
    static JournalFile()
    {
        Batteries_V2.Init();
        raw.sqlite3_config(raw.SQLITE_CONFIG_MULTITHREAD);
        raw.sqlite3_config(raw.SQLITE_CONFIG_MEMSTATUS, 0);
    }

    private JournalFile(string path, FileStream? fileLock, JournalSync sync, string? fileSystem)
    {
        Path = path;
        Sync = sync;
        Damage = new DamageText(
            $"The journal '{path}'",
            "Start once with --recover to keep what is sound (the damaged file is set aside), or restore a backup.");
        _lock = fileLock;
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = fileLock is null ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
            DefaultTimeout = 30,
            Vfs = fileSystem,
        }.ToString();
    }

    public string Path { get; }
    public JournalSync Sync { get; }

    /// <summary>How it speaks of its damage.</summary>
    public DamageText Damage { get; }

    /// <summary>Takes the file for this process, and makes it or checks it.</summary>
    /// <param name="fileSystem">The SQLite file system to keep it in; null for the one of the operating system.</param>
    /// <exception cref="JournalException">
    /// Another process has it, it cannot be written, or it is not a journal of this version.
    /// </exception>
    /// <exception cref="DamageException">It is damaged.</exception>
    public static JournalFile Open(string folder, JournalSync sync, string? fileSystem = null)
    {
        var path = PathIn(folder);
        FileStream fileLock;
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            fileLock = TakeLock(path);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw NotWritable(path, e);
        }
        var file = new JournalFile(path, fileLock, sync, fileSystem);
        try
        {
            if (sync == JournalSync.Full && WriteAheadLog.Damage(path + "-wal") is { } damage)
            {
                throw file.Damage.OfAll(damage);
            }
            file.Prepare();
            return file;
        }
        catch (Exception e) when (e is SqliteException or InvalidCastException or InvalidOperationException)
        {
            file.Dispose();
            throw file.Explain(e);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file to read it, beside a process that may have it.</summary>
    /// <exception cref="JournalException">It is not there, or it is not a journal of this version.</exception>
    /// <exception cref="DamageException">It is damaged.</exception>
    public static JournalFile OpenToRead(string path)
    {
        if (!File.Exists(path))
        {
            throw new JournalException($"There is no journal '{path}'. It is 'agentgrid.db' in the folder that the server has as its data.");
        }
        var file = new JournalFile(path, null, JournalSync.Normal, null);
        try
        {
            using var connection = file.Connect();
            var version = Scalar(connection, "PRAGMA user_version");
            if (version != SchemaVersion || JournalCheck.SchemaOf(connection) != Schemas.Value[SchemaVersion - 1])
            {
                throw new JournalException(
                    $"The file '{path}' is no journal of this version: it has schema version {version}, and {SchemaVersion} is read. " +
                    "The server brings a journal of an older version up to date when it starts.");
            }
            return file;
        }
        catch (SqliteException e) when (e.SqliteErrorCode is raw.SQLITE_NOTADB or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_READONLY)
        {
            throw new JournalException($"The file '{path}' cannot be read as a journal: {e.Message.TrimEnd('.')}.", e);
        }
    }

    /// <summary>Where the journal of a folder is.</summary>
    public static string PathIn(string folder) =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, "agentgrid.db"));

    /// <summary>What an error of SQLite, or a column of a wrong type, means.</summary>
    public KeptDataException Explain(Exception e) => (e as SqliteException)?.SqliteErrorCode switch
    {
        raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_FULL => NotWritable(Path, e),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_NOMEM or raw.SQLITE_INTERRUPT => new JournalException(
            $"The journal '{Path}' cannot be used just now: {e.Message}. Try again.", e),
        _ => Damage.OfAll(e.Message.TrimEnd('.'), e),
    };

    public SqliteConnection Connect()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        var writing = _lock is null ? "" : $"""
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = {(Sync == JournalSync.Full ? "FULL" : "NORMAL")};
            """;
        Execute(connection, $"""
            {writing}
            PRAGMA busy_timeout = 30000;
            PRAGMA temp_store = MEMORY;
            """);
        return connection;
    }

    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static long Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is long value ? value : 0;
    }

    public void Dispose() => _lock?.Dispose();

    /// <summary>Takes the lock of a file alone.</summary>
    /// <exception cref="JournalException">Another process has it.</exception>
    public static FileStream TakeLock(string path)
    {
        var lockPath = path + ".lock";
        FileStream stream;
        try
        {
            stream = new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (File.Exists(lockPath) && IsHeldByOthers(e))
        {
            throw new JournalException(
                $"The journal '{path}' is in use by {Holder(path)}. One process at a time can have it: stop that " +
                "one, or give this one another folder with --data.", e);
        }
        File.WriteAllText(PidPath(path), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return stream;
    }

    // Beside the lock, because a locked file cannot be read.
    private static string PidPath(string path) => path + ".pid";

    private static string Holder(string path)
    {
        try
        {
            return $"process {File.ReadAllText(PidPath(path))}";
        }
        catch (IOException)
        {
            return "another process";
        }
    }

    // What flock(2) and LockFileEx answer when another process has the lock.
    private static bool IsHeldByOthers(IOException e) =>
        (e.HResult & 0xFFFF) is 11 or 35 or 32 or 33;

    private static JournalException NotWritable(string path, Exception e) => new(
        $"The journal '{path}' cannot be written: {e.Message.TrimEnd('.')}. Make room, or make the folder and its files " +
        "writable for this user, or name another folder with --data.", e);

    private void Prepare()
    {
        using var connection = Connect();
        var version = Scalar(connection, "PRAGMA user_version");
        var schema = JournalCheck.SchemaOf(connection);
        if (version == 0 && schema.Length == 0)
        {
            Execute(connection, $"BEGIN; {string.Concat(s_steps)} COMMIT;");
            return;
        }
        var known = Array.IndexOf(Schemas.Value, schema) + 1;
        if (known == 0 && version is < 1 or > SchemaVersion)
        {
            throw new JournalException(
                $"The journal '{Path}' has schema version {version}; this program knows versions 1 to {SchemaVersion}. " +
                "Use the program that wrote it, or another folder.");
        }
        if (known != version)
        {
            throw Damage.OfAll(
                $"its schema version is {version}, and its tables are those of " +
                $"{(known == 0 ? "none" : $"version {known}")}");
        }
        JournalCheck.Run(this, connection, version);
        // Read-only files can be opened and checked, but nothing could ever be promised with them.
        var steps = string.Concat(s_steps[(int)version..]);
        Execute(connection, steps.Length > 0 ? $"BEGIN IMMEDIATE; {steps} COMMIT;" : "BEGIN IMMEDIATE; ROLLBACK");
    }

    // The tables of each version, from 1.
    private static readonly Lazy<string[]> Schemas = new(() =>
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        return [.. s_steps.Select(step =>
        {
            Execute(connection, step);
            return JournalCheck.SchemaOf(connection);
        })];
    });
}
