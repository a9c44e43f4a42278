using System.Globalization;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// The SQLite file: its lock, its schema and its connections. Tables: <c>runs</c>, a row a run; <c>journal</c>, a row
/// for the events of one turn, keyed by the number of the last of them; <c>plans</c>, every plan that a run was
/// started with; <c>meta</c>, the numbers that must never be used again.
/// </summary>
internal sealed class JournalFile : IDisposable
{
    private const int SchemaVersion = 1;

    private const string Schema = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
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
            UNIQUE (match_id, round));
        CREATE INDEX runs_by_status ON runs (status, id);
        CREATE TABLE journal (
            last_seq INTEGER PRIMARY KEY,
            run INTEGER NOT NULL,
            events BLOB NOT NULL);
        CREATE INDEX journal_by_run ON journal (run);
        """;

    private readonly FileStream _lock;
    private readonly string _connectionString;

    private JournalFile(string path, FileStream fileLock, JournalSync sync, string? fileSystem)
    {
        Path = path;
        Sync = sync;
        _lock = fileLock;
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
            DefaultTimeout = 30,
            Vfs = fileSystem,
        }.ToString();
    }

    public string Path { get; }
    public JournalSync Sync { get; }

    /// <summary>Takes the file for this process, and makes it or checks it.</summary>
    /// <param name="fileSystem">The SQLite file system to keep it in; null for the one of the operating system.</param>
    /// <exception cref="JournalException">Another process has it, or it is not a journal of this version.</exception>
    public static JournalFile Open(string folder, JournalSync sync, string? fileSystem = null)
    {
        var path = System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, "agentgrid.db"));
        FileStream fileLock;
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            fileLock = TakeLock(path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new JournalException($"The journal '{path}' cannot be written: {e.Message}", e);
        }
        var file = new JournalFile(path, fileLock, sync, fileSystem);
        try
        {
            file.Prepare();
            return file;
        }
        catch (SqliteException e)
        {
            file.Dispose();
            throw new JournalException(
                $"The journal '{path}' cannot be opened: {e.Message}. If the file is damaged, restore it from a backup, " +
                "or move it away to start with an empty one.", e);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public SqliteConnection Connect()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        Execute(connection, $"""
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = {(Sync == JournalSync.Full ? "FULL" : "NORMAL")};
            PRAGMA busy_timeout = 30000;
            PRAGMA cache_size = -16000;
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

    public void Dispose() => _lock.Dispose();

    private static FileStream TakeLock(string path)
    {
        var lockPath = path + ".lock";
        FileStream stream;
        try
        {
            stream = new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
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

    private void Prepare()
    {
        using var connection = Connect();
        var version = Scalar(connection, "PRAGMA user_version");
        if (version == 0 && Scalar(connection, "SELECT count(*) FROM sqlite_schema") == 0)
        {
            Execute(connection, $"BEGIN; {Schema} PRAGMA user_version = {SchemaVersion}; COMMIT;");
        }
        else if (version != SchemaVersion)
        {
            throw new JournalException(
                $"The journal '{Path}' has schema version {version}; this program knows version {SchemaVersion}. " +
                "Use the program that wrote it, or another folder.");
        }
    }
}
