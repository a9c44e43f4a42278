using System.Security.Cryptography;
using AgentGrid.Core.Feed;
using AgentGrid.Engine.Store;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// What is looked at before a journal is trusted: the schema, the structure of the file (SQLite's own check, which
/// compares every index with its table), every row that says what runs there are, and every plan. The records of
/// events are checked when they are read.
/// </summary>
internal static class JournalCheck
{
    /// <summary>
    /// Above this size the structure of the table of events is not looked at before the start, because that means
    /// reading the whole file: about a second for each GiB that is in the system's cache.
    /// </summary>
    private const long WholeFileBytes = 1L << 30;
    private static readonly TurnLimits s_atOnce = new(int.MaxValue, int.MaxValue, 4 << 20);

    /// <param name="version">The version of its schema.</param>
    /// <exception cref="DamageException">Something is wrong.</exception>
    public static void Run(JournalFile file, SqliteConnection connection, long version)
    {
        var size = JournalFile.Scalar(connection, "PRAGMA page_count") * JournalFile.Scalar(connection, "PRAGMA page_size");
        var whole = size <= WholeFileBytes;
        foreach (var table in whole ? [""] : new[] { "(sqlite_schema)", "(meta)", "(plans)", "(runs)" })
        {
            Integrity(file, connection, table);
        }
        Numbers(file, connection);
        Plans(file, connection);
        Runs(file, connection, RunRow.ColumnsOf(version));
    }

    /// <summary>Reads everything there is.</summary>
    /// <exception cref="DamageException">Something is wrong.</exception>
    public static void Everything(JournalFile file)
    {
        using var reader = new JournalReader(file);
        for (var (after, atEnd) = (0L, false); !atEnd;)
        {
            (var turns, atEnd, _) = reader.ReadTurnsAsync(new FeedQuery(), after, s_atOnce).GetAwaiter().GetResult();
            foreach (var turn in turns)
            {
                turn.Open(file.Damage);
                after = turn.Last;
            }
        }
        var store = StoreOf(file, reader);
        foreach (var run in reader.All())
        {
            store.ReplayAsync(run.Ref.Id).GetAwaiter().GetResult();
        }
    }

    /// <summary>Reads the runs of a file that is not open to anybody else: what it is asked is answered at once.</summary>
    public static StoreReader StoreOf(JournalFile file, JournalReader reader) =>
        new(reader, file.Damage, new DamageLog(NullLogger.Instance), TimeProvider.System);

    /// <summary>The tables and indexes of a file, as SQL; those of two files with the same schema are equal.</summary>
    public static string SchemaOf(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT type || name || tbl_name || coalesce(sql, '') FROM sqlite_schema ORDER BY 1";
        using var reader = command.ExecuteReader();
        var lines = new List<string>();
        while (reader.Read())
        {
            lines.Add(reader.GetString(0));
        }
        return string.Join('\n', lines);
    }

    private static void Integrity(JournalFile file, SqliteConnection connection, string table)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"PRAGMA integrity_check{table}";
        if (command.ExecuteScalar() as string is var answer and not "ok")
        {
            throw file.Damage.OfAll($"SQLite finds '{answer}'");
        }
    }

    private static void Numbers(JournalFile file, SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT name, value, checksum FROM meta";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            if (RowChecksum.OfNumber(reader.GetString(0), reader.GetInt64(1)) != reader.GetInt64(2))
            {
                throw file.Damage.OfAll(
                    $"the number '{reader.GetString(0)}' in the table 'meta' does not match its checksum");
            }
        }
    }

    private static void Plans(JournalFile file, SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id, hash, definition FROM plans";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            Plan(file.Damage, reader.GetInt64(0), reader.GetString(1), (byte[])reader.GetValue(2));
        }
    }

    private static void Runs(JournalFile file, SqliteConnection connection, string columns)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {columns} FROM runs";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            RunRow.Read(reader, 0, file.Damage);
        }
    }

    /// <exception cref="DamageException">The definition is not the one that the hash was made of.</exception>
    public static void Plan(DamageText text, long id, string hash, byte[] definition)
    {
        if (!IsHashOf(definition, hash))
        {
            throw text.OfAll($"plan {id} in the table 'plans' does not match its hash");
        }
    }

    public static bool IsHashOf(byte[] definition, string hash) =>
        Convert.ToHexStringLower(SHA256.HashData(definition)) == hash;
}
