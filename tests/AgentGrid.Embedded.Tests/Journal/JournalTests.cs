using System.Text;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Tests.Journal;

public sealed class JournalTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly Scratch _folder = new();
    private int _ids;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_SecondTime_RefusesAndNamesTheProcess()
    {
        using var first = JournalFile.Open(_folder.Folder, JournalSync.Full);

        var refusal = Assert.Throws<JournalException>(() => JournalFile.Open(_folder.Folder, JournalSync.Full));

        Assert.Contains($"process {Environment.ProcessId}", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("--data", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_AfterTheHolderIsGone_Succeeds()
    {
        JournalFile.Open(_folder.Folder, JournalSync.Full).Dispose();

        JournalFile.Open(_folder.Folder, JournalSync.Full).Dispose();
    }

    [Fact]
    public void Open_NotADatabase_RefusesWithAReason()
    {
        _folder.Write("agentgrid.db", new string('x', 5_000));

        var refusal = Assert.Throws<DamageException>(() => JournalFile.Open(_folder.Folder, JournalSync.Full));

        Assert.Contains("agentgrid.db", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NewerSchema_Refuses()
    {
        using (var file = JournalFile.Open(_folder.Folder, JournalSync.Full))
        using (var connection = file.Connect())
        {
            JournalFile.Execute(connection, "PRAGMA user_version = 99");
        }

        var refusal = Assert.ThrowsAny<KeptDataException>(() => JournalFile.Open(_folder.Folder, JournalSync.Full));

        Assert.Contains("99", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(JournalSync.Full, 2)]
    [InlineData(JournalSync.Normal, 1)]
    public void Connect_Synchronous_IsWhatTheOptionSays(JournalSync sync, long expected)
    {
        using var file = JournalFile.Open(_folder.Folder, sync);
        using var connection = file.Connect();

        Assert.Equal(expected, JournalFile.Scalar(connection, "PRAGMA synchronous"));
    }

    [Theory]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(1_000)]
    public async Task Append_LongTurn_IsReadInPagesAndReplayedAsItWas(int skips)
    {
        using var journal = new OpenJournal(_folder.Folder);
        var run = await journal.AcceptAsync(Run("m", "1"));
        await journal.AppendAsync(run, [.. Enumerable.Range(1, skips)
            .Select(i => new RunEvent.SubmissionSkipped { Time = Noon.AddSeconds(i) })]);

        var seen = new List<FeedEvent>();
        while (journal.ReadEvents(new FeedQuery(), seen.Count, 100) is { Events.IsEmpty: false } page)
        {
            seen.AddRange(page.Events);
        }

        Assert.Equal(Enumerable.Range(1, skips + 1), seen.Select(e => (int)e.Seq));
        Assert.Equal(Enumerable.Range(1, skips).Select(i => Noon.AddSeconds(i)), seen.Skip(1).Select(e => e.Time));
        Assert.All(seen, e => Assert.StartsWith(
            $"{{\"seq\":{e.Seq},", Encoding.UTF8.GetString(e.Utf8.Span), StringComparison.Ordinal));
        Assert.Equal(skips + 1, journal.Replay(journal.Reader.Find(new RunKey("m", "1"))!).Version);
        Assert.True(journal.Feed.TryRead(skips + 1 - Math.Min(skips, 500), 1_000, out var fed));
        Assert.Equal(seen[^fed.Length..].Select(e => Encoding.UTF8.GetString(e.Utf8.Span)),
            fed.Select(e => Encoding.UTF8.GetString(e.Utf8.Span)));
    }

    [Fact]
    public async Task Sweep_ExpiredRuns_GoWithTheirKeysAndNumbersAreNotUsedAgain()
    {
        long last;
        using (var journal = new OpenJournal(_folder.Folder))
        {
            var old = await journal.AcceptAsync(Run("old", "1"));
            await journal.AppendAsync(old, new RunEvent.RunCancelled("x") { Time = Noon });
            Assert.Equal(1, await journal.SweepAsync(Noon.AddHours(1)));
            Assert.Null(journal.Reader.Find(old.Key));
            Assert.Empty(journal.ReadEvents(new FeedQuery(), 0, 10).Events);
            last = journal.Feed.Head;
        }
        using var reopened = new OpenJournal(_folder.Folder);
        Assert.Equal(last, reopened.Feed.Head);
        var again = await reopened.AcceptAsync(Run("old", "1"));
        Assert.Equal(2, again.Row);
        Assert.Equal(last + 1, reopened.Feed.Head);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Append_OfARunThatWasSwept_KeepsNothing(bool retried)
    {
        using var journal = new OpenJournal(_folder.Folder);
        var old = await journal.AcceptAsync(Run("old", "1"));
        await journal.AppendAsync(old, new RunEvent.RunCancelled("x") { Time = Noon });
        Assert.Equal(1, await journal.SweepAsync(Noon.AddHours(1)));
        var head = journal.Feed.Head;

        RunEvent late = retried ? new RunEvent.RunRetried { Time = Noon } : new RunEvent.SubmissionSkipped { Time = Noon };
        Assert.Equal(WriteOutcome.RunRemoved, await journal.BeginAppend(old, late));
        Assert.Equal(
            WriteOutcome.RunRemoved, await journal.BeginAppend(old, new RunEvent.RunCancelled("y") { Time = Noon }));

        Assert.Equal(WriteOutcome.RunRemoved, old.Refused);
        Assert.Equal(head, journal.Feed.Head);
    }

    [Fact]
    public async Task Append_ToAnEndedRunThatSomebodyElseHasWritten_ConflictsAndKeepsNothing()
    {
        using var journal = new OpenJournal(_folder.Folder);
        var run = await journal.AcceptAsync(Run("m", "1"));
        await journal.AppendAsync(run, new RunEvent.RunCancelled("x") { Time = Noon });
        var (mine, other) = (journal.Reader.Find(run.Id)!.Ref, journal.Reader.Find(run.Id)!.Ref);
        var skipped = new RunEvent.SubmissionSkipped { Time = Noon };

        Assert.Equal(WriteOutcome.Durable, await journal.AppendAsync(other, 2, skipped));
        Assert.Equal(WriteOutcome.Conflict, await journal.AppendAsync(mine, 2, new RunEvent.RunRetried { Time = Noon }));
        // What was decided after it goes the same way.
        Assert.Equal(
            WriteOutcome.Conflict, await journal.AppendAsync(mine, 3, new RunEvent.RunStarted(Noon) { Time = Noon }));

        Assert.Equal(3, journal.Replay(journal.Reader.Find(run.Id)!).Version);
        mine.Refused = null;
        Assert.Equal(WriteOutcome.Durable, await journal.AppendAsync(mine, 3, new RunEvent.RunRetried { Time = Noon }));
    }

    [Fact]
    public async Task Append_AfterTheWriterHasStopped_RefusesAcceptances()
    {
        var journal = new OpenJournal(_folder.Folder);
        journal.Dispose();

        Assert.Equal(WriteOutcome.Failed, await journal.TryAcceptAsync(Run("late", "1")));
    }

    [Fact]
    public async Task Replay_DamagedRecord_RefusesAndNamesIt()
    {
        using (var journal = new OpenJournal(_folder.Folder))
        {
            await journal.AcceptAsync(Run("m", "1"));
        }
        using (var file = JournalFile.Open(_folder.Folder, JournalSync.Full))
        using (var connection = file.Connect())
        {
            JournalFile.Execute(connection, "UPDATE journal SET events = X'00112233'");
        }
        using var reopened = new OpenJournal(_folder.Folder);

        var refusal = Assert.Throws<DamageException>(() => reopened.Replay(reopened.Reader.Active()[0]));

        Assert.Contains("event 1", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Append_DiskIsFull_RefusesAcceptancesAndKeepsTheRest()
    {
        using var journal = new OpenJournal(_folder.Folder);
        var run = await journal.AcceptAsync(Run("m", "1"));
        journal.Writer.LimitFile(pages: 1);

        var big = Run("big", "1") with { Input = Json.From(new string('x', 1_000_000)) };
        Assert.Equal(WriteOutcome.Failed, await journal.TryAcceptAsync(big));
        Assert.NotNull(journal.Writer.Failure);
        var kept = journal.BeginAppend(run, new RunEvent.RunCancelled(new string('y', 1_000_000)) { Time = Noon });
        Assert.False(kept.IsCompleted);

        journal.Writer.LimitFile(pages: 1_000_000);

        Assert.Equal(WriteOutcome.Durable, await kept.WaitAsync(TimeSpan.FromMinutes(1)));
        Assert.Null(journal.Writer.Failure);
        Assert.Equal(RunStatus.Cancelled, journal.Replay(journal.Reader.Find(run.Id)!).Status);
    }

    private RunEvent.RunAccepted Run(string match, string round) => OpenJournal.Run(++_ids, match, round, Noon);
}
