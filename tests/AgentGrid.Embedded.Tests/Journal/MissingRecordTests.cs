using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine.Store;
using AgentGrid.TestKit;

namespace AgentGrid.Embedded.Tests.Journal;

/// <summary>
/// One record of one run is missing, changed, or of another run: whoever reads the run is refused, and feeds go on with an
/// event in its place.
/// </summary>
public sealed class MissingRecordTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly Scratch _folder = new();

    public void Dispose() => _folder.Dispose();

    // Events 1 to 6 are the first run's: accepted, started, three of one record, cancelled. 7 to 12 are the second's.
    [Theory]
    [InlineData("DELETE FROM journal WHERE last_seq = 1", "one between them is missing", 1, 1)]
    [InlineData("DELETE FROM journal WHERE last_seq = 2", "one between them is missing", 2, 2)]
    [InlineData("DELETE FROM journal WHERE last_seq = 5", "one between them is missing", 3, 5)]
    [InlineData("DELETE FROM journal WHERE last_seq = 6", "is Cancelled with 6 events by its summary", 0, 0)]
    [InlineData("UPDATE journal SET events = CAST(replace(events, 'sub', 'sup') AS BLOB) WHERE last_seq = 5", "event 5", 3, 5)]
    [InlineData("UPDATE journal SET events = CAST('[]' AS BLOB) WHERE last_seq = 2", "event 2", 2, 2)]
    [InlineData("UPDATE journal SET events = (SELECT events FROM journal WHERE last_seq = 8) WHERE last_seq = 2", "event 2", 2, 2)]
    public async Task ARecordIsNotWhatWasWritten_TheRunIsRefusedAndItsFeedGoesOn(
        string damage, string why, int firstMissing, int lastMissing)
    {
        await MakeAsync(damage);
        using var journal = new OpenJournal(_folder.Folder);
        var first = journal.Reader.Find(new RunKey("m", "1"))!;

        var refusal = Assert.Throws<DamageException>(() => journal.Replay(first));
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"run {first.Ref.Id} ('m/1') ", refusal.Message, StringComparison.Ordinal);

        var events = journal.ReadEvents(new FeedQuery(RunId: first.Ref.Id), 0, 100).Events;
        Assert.Equal(
            Enumerable.Range(1, 6).Where(n => n <= (lastMissing == 0 ? 5 : 6) && (n < firstMissing || n > lastMissing)),
            events.Where(e => e.Stage != Stages.Damaged).Select(e => (int)e.Seq));
        var markers = events.Where(e => e.Stage == Stages.Damaged).ToArray();
        Assert.Equal(lastMissing == 0 ? 0 : 1, markers.Length);
        Assert.All(markers, m => Assert.Equal((firstMissing, lastMissing, first.Ref.Id), MissingIn(m)));
        // Of all runs it is seen where something stands in its place; and the other run is whole.
        var all = journal.ReadEvents(new FeedQuery(Stage: "none"), 0, 100).Events;
        Assert.Equal(damage.StartsWith("UPDATE", StringComparison.Ordinal) ? 1 : 0, all.Length);
        Assert.All(all, m => Assert.Equal((firstMissing, lastMissing, first.Ref.Id), MissingIn(m)));
        Assert.Equal(6, journal.Replay(journal.Reader.Find(new RunKey("m", "2"))!).Version);
    }

    [Fact]
    public async Task ARowOfARunIsDamagedWhileItIsOpen_ListsGiveTheOthersAndFeedsGoOn()
    {
        await MakeAsync("DELETE FROM journal WHERE 0");
        using var journal = new OpenJournal(_folder.Folder);
        Change("UPDATE runs SET plan_name = 'q' WHERE round = '1'");

        var listed = await journal.Store.ListAsync(new Core.Grid.RunQuery());

        Assert.Equal("2", Assert.Single(listed.Runs).Round);
        var events = journal.ReadEvents(new FeedQuery(), 0, 100).Events;
        Assert.Equal([1, 2, 5, 6, 7, 8, 9, 10, 11, 12], events.Select(e => (int)e.Seq));
        Assert.All(events, e => Assert.Equal(e.Seq <= 6, e.Stage == Stages.Damaged));
        Assert.Throws<DamageException>(() => journal.Reader.Find(new RunKey("m", "1")));
    }

    [Fact]
    public async Task ARunHasNoRow_ItsEventsAreDamaged()
    {
        await MakeAsync("DELETE FROM runs WHERE round = '1'");
        using var journal = new OpenJournal(_folder.Folder);

        var events = journal.ReadEvents(new FeedQuery(), 0, 100).Events;

        Assert.Equal(4, events.Count(e => e.Stage == Stages.Damaged));
        Assert.Equal(6, events.Count(e => e.Stage != Stages.Damaged));
        Assert.Throws<DamageException>(journal.CheckAll);
    }

    private static (int First, int Last, RunId Run) MissingIn(FeedEvent marker)
    {
        var meta = JsonSerializer.Deserialize<JsonElement>(marker.Utf8.Span).GetProperty("meta");
        return (meta.GetProperty("first_missing").GetInt32(), meta.GetProperty("last_missing").GetInt32(), marker.RunId);
    }

    private async Task MakeAsync(string damage)
    {
        using (var journal = new OpenJournal(_folder.Folder))
        {
            for (var i = 1; i <= 2; i++)
            {
                var run = await journal.AcceptAsync(OpenJournal.Run(i, "m", $"{i}", Noon));
                await journal.AppendAsync(run, new RunEvent.RunStarted(Noon.AddHours(1)) { Time = Noon });
                await journal.AppendAsync(
                    run, [.. Enumerable.Repeat(new RunEvent.SubmissionSkipped { Time = Noon }, 3)]);
                await journal.AppendAsync(run, new RunEvent.RunCancelled("x") { Time = Noon });
            }
        }
        Change(damage);
    }

    private void Change(string sql)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection(
            $"Data Source={JournalFile.PathIn(_folder.Folder)};Pooling=False");
        connection.Open();
        JournalFile.Execute(connection, sql);
    }
}
