using System.Text;
using AgentGrid.Engine.Store;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// A prepared statement, used over and over by the one thread that writes. Straight on SQLitePCLRaw: binding through
/// ADO.NET parameters costs more than the insert itself.
/// </summary>
internal sealed class Statement : IDisposable
{
    private const int MostOnStack = 512;

    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private int _next = 1;

    public Statement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        Check(raw.sqlite3_prepare_v2(_database, sql, out _statement));
    }

    public Statement Bind(long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, _next++, value));
        return this;
    }

    public Statement Bind(long? value)
    {
        Check(value is { } v
            ? raw.sqlite3_bind_int64(_statement, _next, v)
            : raw.sqlite3_bind_null(_statement, _next));
        _next++;
        return this;
    }

    public Statement Bind(string? value)
    {
        Span<byte> utf8 = stackalloc byte[MostOnStack];
        // A span without bytes would be null to SQLite, and a text becomes an array on the heap.
        Check(value is null ? raw.sqlite3_bind_null(_statement, _next)
            : value.Length > 0 && Encoding.UTF8.TryGetBytes(value, utf8, out var length)
                ? raw.sqlite3_bind_text(_statement, _next, utf8[..length])
                : raw.sqlite3_bind_text(_statement, _next, value));
        _next++;
        return this;
    }

    public Statement Bind(ReadOnlySpan<byte> value)
    {
        Check(raw.sqlite3_bind_blob(_statement, _next++, value));
        return this;
    }

    public Statement Bind(byte[]? value)
    {
        Check(value is null
            ? raw.sqlite3_bind_null(_statement, _next)
            : raw.sqlite3_bind_blob(_statement, _next, value));
        _next++;
        return this;
    }

    /// <summary>Runs the statement and makes it ready for the next time.</summary>
    /// <returns>How many rows it changed.</returns>
    public int Run()
    {
        try
        {
            Check(raw.sqlite3_step(_statement));
            return raw.sqlite3_changes(_database);
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Runs a query for one integer.</summary>
    public long? Scalar()
    {
        try
        {
            var code = raw.sqlite3_step(_statement);
            Check(code);
            return code == raw.SQLITE_ROW && raw.sqlite3_column_type(_statement, 0) != raw.SQLITE_NULL
                ? raw.sqlite3_column_int64(_statement, 0)
                : null;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Runs a query for one blob; null when there is no row, or it is null.</summary>
    public byte[]? Blob()
    {
        try
        {
            var code = raw.sqlite3_step(_statement);
            Check(code);
            return code == raw.SQLITE_ROW && raw.sqlite3_column_type(_statement, 0) != raw.SQLITE_NULL
                ? raw.sqlite3_column_blob(_statement, 0).ToArray()
                : null;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Runs a query, and hands every row's columns, which are integers or null, to the callback.</summary>
    public void Query(int columns, Action<long?[]> row)
    {
        try
        {
            var values = new long?[columns];
            int code;
            while ((code = raw.sqlite3_step(_statement)) == raw.SQLITE_ROW)
            {
                for (var i = 0; i < columns; i++)
                {
                    values[i] = raw.sqlite3_column_type(_statement, i) == raw.SQLITE_NULL
                        ? null
                        : raw.sqlite3_column_int64(_statement, i);
                }
                row(values);
            }
            Check(code);
        }
        finally
        {
            Reset();
        }
    }

    public void Dispose() => _statement.Dispose();

    private void Reset()
    {
        raw.sqlite3_reset(_statement);
        raw.sqlite3_clear_bindings(_statement);
        _next = 1;
    }

    private void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
        {
            throw new SqliteException(raw.sqlite3_errmsg(_database).utf8_to_string(), code);
        }
    }
}
