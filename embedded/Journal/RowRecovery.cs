using AgentGrid.Engine.Store;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// Reads what can be read of a damaged file: forwards until SQLite refuses, backwards until it refuses, and what lies
/// between one by one.
/// </summary>
internal sealed class RowRecovery : IDisposable
{
    private const long MostTried = 5_000_000;

    private readonly SqliteConnection _connection;

    public RowRecovery(string path)
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
        }.ToString());
        _connection.Open();
    }

    /// <summary>The rows of a table that can be read; each at most once.</summary>
    /// <param name="key">The column that is the row's number.</param>
    /// <param name="index">An index that has the numbers too; null for none.</param>
    public IEnumerable<object?[]> Rows(string table, string key, string? index)
    {
        var seen = new HashSet<long>();
        long? from = null, to = null;
        foreach (var row in Read($"SELECT * FROM {table} NOT INDEXED ORDER BY {key}"))
        {
            if (row[0] is long number && seen.Add(number))
            {
                from = number;
                yield return row;
            }
        }
        foreach (var row in Read($"SELECT * FROM {table} NOT INDEXED ORDER BY {key} DESC"))
        {
            // Met again from the other side: then nothing is missing between.
            if (row[0] is not long number || !seen.Add(number))
            {
                break;
            }
            to = number;
            yield return row;
        }
        foreach (var number in Between(from, to).Concat(Indexed(table, key, index)).Where(n => !seen.Contains(n)))
        {
            if (Read($"SELECT * FROM {table} NOT INDEXED WHERE {key} = {number}").FirstOrDefault() is { } row
                && seen.Add(number))
            {
                yield return row;
            }
        }
    }

    /// <summary>Every record of events that the index by run knows of.</summary>
    public IEnumerable<(long Run, long Seq)> IndexedRecords()
    {
        foreach (var row in Read("SELECT run, last_seq FROM journal INDEXED BY journal_by_run"))
        {
            if (row is [long run, long seq])
            {
                yield return (run, seq);
            }
        }
    }

    /// <summary>Rows until the end, or until SQLite cannot go on.</summary>
    public IEnumerable<object?[]> Read(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        using var reader = Try(command.ExecuteReader);
        while (reader is not null && Try(() => Next(reader)) is { } row)
        {
            yield return row;
        }
    }

    public void Dispose() => _connection.Dispose();

    private static IEnumerable<long> Between(long? from, long? to)
    {
        var least = from + 1 ?? 0;
        for (var number = Math.Max(least, to - MostTried ?? 0); number < to; number++)
        {
            yield return number;
        }
    }

    private IEnumerable<long> Indexed(string table, string key, string? index) => index is null
        ? []
        : Read($"SELECT {key} FROM {table} INDEXED BY {index}").Select(r => r[0]).OfType<long>().ToList();

    private static object?[]? Next(SqliteDataReader reader)
    {
        if (!reader.Read())
        {
            return null;
        }
        var row = new object?[reader.FieldCount];
        for (var i = 0; i < row.Length; i++)
        {
            row[i] = reader.IsDBNull(i) ? null : reader.GetValue(i);
        }
        return row;
    }

    // What SQLite refuses to read is what is being looked for: the caller goes on elsewhere.
    private static T? Try<T>(Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (SqliteException)
        {
            return null;
        }
    }
}
