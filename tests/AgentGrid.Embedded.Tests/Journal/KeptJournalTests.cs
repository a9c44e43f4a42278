using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Tests.Hardships;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Tests.Journal;

/// <summary>Journals of earlier versions, as <see cref="KeptJournal"/> made them: read, listed, and gone on with.</summary>
public sealed class KeptJournalTests : IDisposable
{
    private const int Events = 663;
    private const string Rounds = "9 7 6 8 5 4 3 2 1 long";
    private const string Statuses = "QueuedOrRunning QueuedOrRunning QueuedOrRunning QueuedOrRunning QueuedOrRunning " +
        "Completed Cancelled Failed Completed Cancelled";

    private readonly Scratch _folder = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("version-2.db")]
    public void Read_EverythingInIt_IsWhatWasKept(string fixture)
    {
        Take(fixture);
        for (var start = 0; start < 2; start++)
        {
            using var journal = new OpenJournal(_folder.Folder);
            journal.CheckAll();
            var rows = journal.Reader.All().Reverse().ToArray();

            Assert.Equal(Rounds, string.Join(' ', rows.Select(r => r.Summary.Round)));
            Assert.Equal(Statuses, string.Join(' ', rows.Select(r => Status(r.Summary))));
            Assert.Equal(
                ["called off", "error: Agent 'gated' failed: no luck", "too long"],
                rows.Select(r => r.Summary.Reason).OfType<string>());
            Assert.All(rows.Where(r => !r.IsActive), r => Assert.Equal("gated", r.Summary.Agents?.Text));
            var states = rows.ToDictionary(r => r.Summary.Round, journal.Replay);
            Assert.Equal(300, states["long"].Steps[0].Attempts.Count);
            Assert.True(states["1"].WasPostedAgain);
            Assert.Equal(TimeSpan.FromHours(5), states["4"].LastStartedAt - states["4"].StartedAt);
            Assert.Equal(AttemptStatus.Running, states["5"].Steps[0].Attempts[^1].Status);
            Assert.Equal((1, 1), (states["7"].WaitingAttempts, states["8"].RetryingBranches));
            Assert.Equal(StepStatus.Completed, states["6"].Steps[0].Status);
            Assert.Equal(RunStatus.Queued, states["9"].Status);
            var events = journal.ReadEvents(new FeedQuery(), 0, 1_000).Events;
            Assert.Equal(Enumerable.Range(1, Events), events.Select(e => (int)e.Seq));
            Assert.DoesNotContain(events, e => e.Stage == Stages.Damaged);
        }
    }

    [Theory]
    [InlineData("version-2.db")]
    public async Task Start_UnfinishedRuns_GoOnAndEnd(string fixture)
    {
        Take(fixture);
        await using (var grid = await StartAsync())
        {
            foreach (var round in Rounds.Split(' '))
            {
                var run = Assert.Single((await grid.Grid.ListRunsAsync(new RunQuery(Round: round))).Runs);
                var ended = await EndOfAsync(grid, run);
                Assert.Equal(run.Status is RunStatus.Queued or RunStatus.Running ? RunStatus.Completed : run.Status, ended.Status);
            }
            var page = await grid.Grid.ReadEventsAsync(new FeedQuery(After: 0), 10_000);
            Assert.Equal(Enumerable.Range(1, page.Events.Length), page.Events.Select(e => (int)e.Seq));
            Assert.True(page.Events.Length > Events);
        }
        SoundWith("9 7 6 8 5 4 1", RunStatus.Completed);
    }

    [Theory]
    [InlineData("version-2.db")]
    public async Task Retry_EndedRuns_GoOnAndEnd(string fixture)
    {
        Take(fixture);
        await using (var grid = await StartAsync())
        {
            foreach (var (round, step) in new[] { ("2", null), ("3", null), ("long", null), ("1", "b") })
            {
                var run = Assert.Single((await grid.Grid.ListRunsAsync(new RunQuery(Round: round))).Runs);
                Assert.IsType<CommandResult.Done>(await grid.Grid.RetryAsync(run.RunId, step));
                Assert.Equal(RunStatus.Completed, (await EndOfAsync(grid, run)).Status);
            }
            var same = KeptJournal.Post("4", KeptJournal.OneStep);
            Assert.IsType<SubmitResult.Conflict>(await grid.Grid.SubmitAsync(same with { Input = Json.EmptyObject }));
            Assert.IsType<SubmitResult.Replayed>(await grid.Grid.SubmitAsync(same));
        }
        SoundWith("3 2 1 long", RunStatus.Completed);
    }

    private static string Status(RunSummary run) => run.Status.IsEnded() ? $"{run.Status}" : "QueuedOrRunning";

    // Long after all of it, so that whatever was waited for is due.
    private async Task<GatedGrid> StartAsync()
    {
        _time.Advance(TimeSpan.FromHours(8));
        return await GatedGrid.StartAsync(_folder.Folder, _time, configure: o => o.Retention = TimeSpan.FromDays(1_000));
    }

    // Whatever is waited for becomes due meanwhile.
    private async Task<RunSummary> EndOfAsync(GatedGrid grid, RunSummary run)
    {
        var ending = grid.EndOfAsync(run);
        while (!ending.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(ending, Task.Delay(5));
        }
        return await ending;
    }

    private void SoundWith(string rounds, RunStatus status)
    {
        using var journal = new OpenJournal(_folder.Folder);
        journal.CheckAll();
        Assert.All(rounds.Split(' '), round =>
            Assert.Equal(status, journal.Reader.Find(new RunKey(KeptJournal.Match, round))!.Summary.Status));
    }

    private void Take(string fixture) => File.Copy(
        Path.Combine(AppContext.BaseDirectory, "Journal/Fixtures", fixture), JournalFile.PathIn(_folder.Folder));
}
