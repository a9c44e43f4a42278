using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Tests.Hardships;
using AgentGrid.Engine.Store;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Embedded.Tests.Journal;

/// <summary>Why runs failed or were cancelled, as their rows say it.</summary>
public sealed class ReasonTests : IDisposable
{
    private readonly Scratch _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Retry_WhileItGoesOn_TheRowHasNoReason()
    {
        var tries = 0;
        var hold = new TaskCompletionSource();
        await using var grid = await GatedGrid.StartAsync(
            _folder.Folder, work: token => Interlocked.Increment(ref tries) == 1
                ? throw new InvalidOperationException("not yet")
                : hold.Task.WaitAsync(token));
        var run = await grid.EndOfAsync(await grid.AcceptAsync());
        Assert.Equal(1, Rows("instr(tip, CAST('not yet' AS BLOB)) > 0"));

        await grid.Grid.RetryAsync(run.RunId);

        Assert.Equal(0, Rows("instr(tip, CAST('not yet' AS BLOB)) > 0"));
        Assert.Null(Assert.Single((await grid.Grid.ListRunsAsync(new RunQuery())).Runs).Reason);
        hold.SetResult();
        await grid.EndOfAsync(run);
    }

    [Theory]
    [InlineData("UPDATE runs SET reason = 'x'")]
    [InlineData("UPDATE runs SET tip = NULL")]
    [InlineData("UPDATE runs SET tip = CAST('x' AS BLOB)")]
    [InlineData("UPDATE runs SET tip = substr(tip, 1, length(tip) - 1)")]
    [InlineData("UPDATE runs SET tip = CAST(replace(hex(tip), '6C75636B', '6C75636C') AS BLOB)")]
    public async Task Open_ReasonThatWasChanged_IsRefused(string damage)
    {
        await using (var grid = await GatedGrid.StartAsync(
            _folder.Folder, work: _ => throw new InvalidOperationException("no luck")))
        {
            await grid.EndOfAsync(await grid.AcceptAsync());
        }
        using (var connection = Connect())
        {
            JournalFile.Execute(connection, damage);
        }

        Assert.Throws<DamageException>(() => JournalFile.Open(_folder.Folder, JournalSync.Full));
    }

    [Fact]
    public void OfStatus_TextInOneColumnOrInTheOther_HasSumsOfTheirOwn()
    {
        (string?, string?)[] rows =
            [(null, null), ("a", null), (null, "a"), ("a", "a"), ("", null), (null, ""), ("a", "")];

        var sums = rows.Select(r => RowChecksum.OfStatus(1, 2, 3, 4, r.Item1, r.Item2, []));

        Assert.Equal(rows.Length, sums.Distinct().Count());
    }

    private long Rows(string where)
    {
        using var connection = Connect();
        return JournalFile.Scalar(connection, $"SELECT count(*) FROM runs WHERE {where}");
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={JournalFile.PathIn(_folder.Folder)};Pooling=False");
        connection.Open();
        return connection;
    }
}
