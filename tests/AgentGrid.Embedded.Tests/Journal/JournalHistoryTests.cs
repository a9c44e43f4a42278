using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;

namespace AgentGrid.Embedded.Tests.Journal;

public sealed class JournalHistoryTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly Scratch _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Read_RunsOfAJournalThatIsInUse_ComeInTheOrderOfTheirAcceptance()
    {
        using var journal = new OpenJournal(_folder.Folder);
        await AcceptAsync(journal, 3);
        var before = FilesOf();

        using var history = JournalHistory.Open(_folder.Folder);

        Assert.Equal(["1", "2", "3"], await RoundsAsync(history, since: null));
        Assert.Equal(["2", "3"], await RoundsAsync(history, Noon.AddHours(2)));
        Assert.Empty(await RoundsAsync(history, since: null, "q"));
        Assert.Equal(Noon.AddHours(3), history.LastAccepted());
        Assert.Equal(before, FilesOf());
        await AcceptAsync(journal, 4, first: 4);
        Assert.Equal(4, (await RoundsAsync(history, since: null)).Count);
    }

    [Fact]
    public async Task Read_RunsOfOthersSteps_AreNotAmongThoseThatWerePosted()
    {
        using var journal = new OpenJournal(_folder.Folder);
        await AcceptAsync(journal, 1);
        var parent = new ParentRun(OpenJournal.Run(1, "m", "1", Noon).RunId, "a", 1, 1, Noon);
        await journal.AcceptAsync(OpenJournal.Run(9, parent.ChildKey.MatchId, parent.ChildKey.Round, Noon) with { Parent = parent });

        using var history = JournalHistory.Open(_folder.Folder);

        Assert.Equal(["1"], await RoundsAsync(history, since: null));
    }

    [Fact]
    public async Task Read_DamagedRun_IsPassedOverAndCounted()
    {
        using (var journal = new OpenJournal(_folder.Folder))
        {
            await AcceptAsync(journal, 3);
        }
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={JournalFile.PathIn(_folder.Folder)};Pooling=False"))
        {
            connection.Open();
            JournalFile.Execute(connection, "UPDATE journal SET events = CAST('[]' AS BLOB) WHERE run = (SELECT id FROM runs WHERE round = '1')");
            JournalFile.Execute(connection, "UPDATE runs SET plan_version = 'x' WHERE round = '2'");
        }

        using var history = JournalHistory.Open(_folder.Folder);

        Assert.Equal(["3"], await RoundsAsync(history, since: null));
        Assert.Equal(2, history.Damaged);
    }

    [Fact]
    public void Open_WhatIsNotThere_IsNotMade()
    {
        var refused = Assert.Throws<JournalException>(() => JournalHistory.Open(_folder.Folder));

        Assert.StartsWith("There is no journal", refused.Message, StringComparison.Ordinal);
        Assert.Empty(FilesOf());
    }

    private static async Task AcceptAsync(OpenJournal journal, int last, int first = 1)
    {
        for (var i = first; i <= last; i++)
        {
            await journal.AcceptAsync(OpenJournal.Run(i, "m", $"{i}", Noon.AddHours(i)));
        }
    }

    private static async Task<List<string>> RoundsAsync(JournalHistory history, DateTimeOffset? since, string? plan = null)
    {
        var rounds = new List<string>();
        await foreach (var run in history.ReadAsync(since, plan))
        {
            rounds.Add(run.Run.Key.Round);
        }
        return rounds;
    }

    private string[] FilesOf() => [.. Directory.GetFiles(_folder.Folder).Order(StringComparer.Ordinal)];
}
