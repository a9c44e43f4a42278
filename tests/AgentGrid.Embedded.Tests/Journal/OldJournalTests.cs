using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Tests.Hardships;
using AgentGrid.Engine.Store;
using Microsoft.Data.Sqlite;

namespace AgentGrid.Embedded.Tests.Journal;

/// <summary>
/// A journal that a program of schema version 1 wrote. Its runs of the match 'old': 1 completed (echo), 2 failed (echo,
/// flaky), 3 cancelled (delay), 4 completed at the second try (flaky), 5 was running when the program stopped (echo,
/// delay).
/// </summary>
public sealed class OldJournalTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly Scratch _folder = new();

    public OldJournalTests() => File.Copy(
        Path.Combine(AppContext.BaseDirectory, "Journal/Fixtures/version-1.db"), JournalFile.PathIn(_folder.Folder));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_Version1_IsBroughtUpToDateInPlaceAndKeepsEveryRun()
    {
        Assert.Equal(1, Version());
        for (var start = 0; start < 2; start++)
        {
            using var journal = new OpenJournal(_folder.Folder);
            var rows = journal.Reader.All();
            Assert.Equal(["1", "2", "3", "4", "5"], rows.Select(r => r.Ref.Key.Round));
            Assert.Equal(
                [RunStatus.Completed, RunStatus.Failed, RunStatus.Cancelled, RunStatus.Completed, RunStatus.Running],
                rows.Select(r => r.Summary.Status));
            Assert.All(rows, r => Assert.Null(r.Summary.Reason));
            journal.CheckAll();
        }
        Assert.Equal(JournalFile.SchemaVersion, Version());
    }

    [Fact]
    public void Open_Version1_HasTheSchemaOfANewFile()
    {
        JournalFile.Open(_folder.Folder, JournalSync.Full).Dispose();
        using var fresh = new Scratch();
        JournalFile.Open(fresh.Folder, JournalSync.Full).Dispose();

        Assert.Equal(Schema(fresh.Folder), Schema(_folder.Folder));
    }

    [Fact]
    public async Task List_ByAgent_FindsRunsOfVersion1AndNewOnes()
    {
        await using var grid = await GatedGrid.StartAsync(_folder.Folder);
        var added = await grid.AcceptAsync();
        await grid.Grid.WaitForEndAsync(added.RunId, TimeSpan.FromSeconds(30));

        Assert.Equal("5 2 1", await RoundsAsync(grid, new RunQuery(MatchId: "old", Agent: "echo")));
        Assert.Equal("4 2", await RoundsAsync(grid, new RunQuery(Agent: "flaky")));
        Assert.Equal("5 3", await RoundsAsync(grid, new RunQuery(Agent: "delay")));
        Assert.Equal("2", await RoundsAsync(grid, new RunQuery(RunStatus.Failed, Agent: "flaky")));
        Assert.Equal("1", await RoundsAsync(grid, new RunQuery(Agent: "gated")));
        Assert.Equal("", await RoundsAsync(grid, new RunQuery(Agent: "ech")));
        Assert.Equal("", await RoundsAsync(grid, new RunQuery(Agent: "echo flaky")));
    }

    [Fact]
    public async Task Retry_ARunOfVersion1_WritesWhoHadAnAttemptAndWhyItEnded()
    {
        await using (var grid = await GatedGrid.StartAsync(_folder.Folder))
        {
            // Another, which had not ended, may have failed as well by now.
            var failed = Assert.Single((await grid.Grid.ListRunsAsync(new RunQuery(RunStatus.Failed, Round: "2"))).Runs);
            Assert.Null(failed.Agents);
            Assert.Null(failed.Reason);
            Assert.IsType<CommandResult.Done>(await grid.Grid.RetryAsync(failed.RunId));
            await grid.Grid.CancelAsync(failed.RunId);
        }
        using var journal = new OpenJournal(_folder.Folder);

        var ended = journal.Reader.Find(new RunKey("old", "2"))!.Summary;
        Assert.Equal("echo flaky", ended.Agents?.Text);
        // It may have failed before it could be cancelled, because there is no agent 'flaky' any more.
        Assert.NotNull(ended.Reason);
        Assert.Null(journal.Reader.Find(new RunKey("old", "1"))!.Summary.Agents);
    }

    [Theory]
    [InlineData("UPDATE runs SET round = 'x' WHERE round = '2'", 4, 1, "4")]
    [InlineData("UPDATE journal SET events = X'00' WHERE run = 3", 4, JournalFile.SchemaVersion, "4 2")]
    [InlineData("PRAGMA user_version = 2", 5, 2, "4 2")]
    public async Task Recover_DamagedVersion1_KeepsTheRestInAFileOfToday(
        string damage, int kept, int versionSetAside, string flaky)
    {
        Change(damage);

        var report = JournalRecovery.Recover(_folder.Folder, JournalSync.Full, Noon);

        Assert.Equal(kept, report.Kept);
        Assert.NotNull(report.Damage);
        Assert.Equal(5 - kept, report.Dropped.Count(d => d.Contains("old/", StringComparison.Ordinal)));
        Assert.Equal(JournalFile.SchemaVersion, Version());
        Assert.Equal(versionSetAside, Version(report.SetAside!));
        using var journal = new OpenJournal(_folder.Folder);
        Assert.Equal(kept, journal.Reader.All().Count);
        var ofFlaky = await journal.Store.ListAsync(new RunQuery(Agent: "flaky"));
        Assert.Equal(flaky, string.Join(' ', ofFlaky.Runs.Select(r => r.Round)));
    }

    [Fact]
    public void Open_DamagedVersion1_RefusesAndChangesNothing()
    {
        Change("UPDATE runs SET ended_at = ended_at + 1 WHERE round = '3'");
        var before = File.ReadAllBytes(JournalFile.PathIn(_folder.Folder));

        var refusal = Assert.Throws<DamageException>(() => JournalFile.Open(_folder.Folder, JournalSync.Full));

        Assert.Contains("old/3", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(JournalFile.PathIn(_folder.Folder)));
    }

    private static async Task<string> RoundsAsync(GatedGrid grid, RunQuery query)
    {
        var page = await grid.Grid.ListRunsAsync(query);
        Assert.Null(page.Next);
        return string.Join(' ', page.Runs.Select(r => r.Round));
    }

    private static string Schema(string folder)
    {
        using var connection = Connect(JournalFile.PathIn(folder));
        return JournalCheck.SchemaOf(connection);
    }

    private long Version() => Version(JournalFile.PathIn(_folder.Folder));

    private static long Version(string path)
    {
        using var connection = Connect(path);
        return JournalFile.Scalar(connection, "PRAGMA user_version");
    }

    private void Change(string sql)
    {
        using var connection = Connect(JournalFile.PathIn(_folder.Folder));
        JournalFile.Execute(connection, sql);
    }

    private static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection;
    }
}
