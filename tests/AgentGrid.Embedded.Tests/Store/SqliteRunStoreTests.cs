using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Embedded.Store;
using AgentGrid.Engine.Store;
using AgentGrid.StoreContract;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Embedded.Tests.Store;

/// <summary>What a store in a file does beyond the contract.</summary>
public sealed class SqliteRunStoreTests : IDisposable
{
    private readonly Scratch _folder = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Kept_EveryRecord_IsToldOnceInTheOrderOfTheNumbers()
    {
        using var store = Open();
        var turns = new List<StoredTurn>();
        store.Kept += turn => turns.Add(turn with { Record = turn.Record!.Value.ToArray() }); // its bytes hold no longer
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            var random = new Random(i);
            var run = LoggedRun.Random(random, $"m{i % 3}", $"{i}", _time.Now);
            await run.AcceptAsync(store);
            while (!await run.StepAsync(store, random))
            {
            }
        }));

        var told = turns.SelectMany(t => FeedReader.EventsOf(t.Last, t.Run, t.Key, t.Record!.Value.ToArray())).ToArray();

        var kept = (await store.ReadEventsAsync(new FeedQuery(), 0, 100_000)).Events;
        Assert.Equal(kept.Select(Text), told.Select(Text));
        Assert.Equal(turns[^1].Last, await store.LastSeqAsync());
        Assert.Equal(Enumerable.Range(1, told.Length).Select(i => (long)i), told.Select(e => e.Seq));
    }

    [Fact]
    public async Task EveryWrite_TheDiskIsFull_ChangesNothingAndGoesOnLater()
    {
        using var store = Open();
        var large = new string('x', 1 << 20);
        var (run, other) = (Run("1"), new LoggedRun(LoggedRun.OneStep, "m", "2", _time.Now, input: $"\"{large}\""));
        await run.AcceptAsync(store);
        await run.StartAsync(store);
        var (version, last) = (run.State.Version, await store.LastSeqAsync());
        var events = run.Decide(new RunInput.CompleteAttempt("a", 1, Json.From(large)));

        store.Writer.LimitFile(1);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => other.AcceptAsync(store));
        // Something small may find room, and then all is well until the next that is large.
        await Limits.EventuallyAsync(
            async () =>
            {
                var unavailable = await Assert.ThrowsAsync<StoreUnavailableException>(
                    () => store.AppendAsync(run.Id, version, events, run.Summary));
                Assert.Contains("Make room on the disk", unavailable.Message, StringComparison.Ordinal);
                return await store.FindProblemAsync(TestContext.Current.CancellationToken) is { KeepsNothing: true };
            },
            () => new("the store says that all is well"));
        Assert.Equal((version, last), ((await store.FindAsync(run.Id))!.Version, await store.LastSeqAsync()));
        Assert.Null(await store.FindAsync(other.Id));
        Assert.Equal(new RunCounts(0, 1), await store.CountAsync());

        store.Writer.LimitFile(1_000_000);
        await Limits.EventuallyAsync(
            async () => await store.FindProblemAsync(default) is null, () => new("the disk is still taken for full"));
        // The one place is free: what was refused has not kept it.
        Assert.IsType<AcceptOutcome.Kept>(await other.AcceptAsync(store, maxRuns: 2));
        Assert.IsType<AppendOutcome.Kept>(await store.AppendAsync(run.Id, version, events, run.Summary));
        Assert.Equal(LoggedRun.Dump(run.State), LoggedRun.Dump((await store.ReplayAsync(run.Id))!));
    }

    [Fact]
    public async Task Dispose_WritesAreAsked_AnswersEach()
    {
        var store = Open();
        var runs = Enumerable.Range(0, 200).Select(i => Run($"{i}")).ToArray();
        var asked = runs.Select(async r =>
        {
            try
            {
                return await r.AcceptAsync(store);
            }
            catch (StoreUnavailableException)
            {
                return null;
            }
        }).ToArray();
        store.Dispose();
        var answers = await Task.WhenAll(asked).WaitAsync(Limits.Patience, TestContext.Current.CancellationToken);

        using var next = Open();
        for (var i = 0; i < runs.Length; i++)
        {
            Assert.Equal(answers[i] is AcceptOutcome.Kept, await next.FindAsync(runs[i].Id) is not null);
        }
    }

    [Fact]
    public async Task Open_EventsOfARunAreDamaged_PassesItOverAndSaysSo()
    {
        var (damaged, sound) = (Run("1"), Run("2"));
        string path;
        using (var store = Open())
        {
            path = store.Path;
            foreach (var run in new[] { damaged, sound })
            {
                await run.AcceptAsync(store);
                await run.StartAsync(store);
            }
        }
        using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            connection.Open();
            JournalFile.Execute(connection, "UPDATE journal SET events = substr(events, 1, 30) WHERE last_seq = 1");
        }
        var log = new LogLines<SqliteRunStore>();

        using var again = Open(log);

        Assert.Equal([sound.Id], (await again.ActiveAsync()).Select(r => r.Id));
        Assert.Contains(damaged.Id.Value, Assert.Single(log.Of(LogLevel.Error)), StringComparison.Ordinal);
        await Assert.ThrowsAsync<DamageException>(() => again.ReplayAsync(damaged.Id));
        Assert.IsType<AcceptOutcome.KeyTaken>(await Run("1").AcceptAsync(again));
        // It has no place: nobody can drive it.
        Assert.Equal(new RunCounts(0, 1), await again.CountAsync());
    }

    [Fact]
    public async Task StayAliveAsync_StartedAgainAtOnce_KnowsThatNobodyWasThere()
    {
        using (var store = Open())
        {
            await store.StayAliveAsync(TimeSpan.FromSeconds(6));
            _time.Advance(TimeSpan.FromSeconds(1));
        }
        var since = _time.Now;
        _time.Advance(TimeSpan.FromSeconds(2));

        using var again = Open();

        Assert.Equal(new Outage(since, _time.Now), await again.StayAliveAsync(TimeSpan.FromSeconds(6)));
    }

    private static string Text(FeedEvent e) => $"{e.Seq} {System.Text.Encoding.UTF8.GetString(e.Utf8.Span)}";

    private SqliteStoreOptions Options() => new() { Data = _folder.Folder };

    private SqliteRunStore Open(ILogger<SqliteRunStore>? logger = null) =>
        SqliteRunStore.Open(Options(), _time, logger ?? NullLogger<SqliteRunStore>.Instance);

    private LoggedRun Run(string round) => new(LoggedRun.OneStep, "m", round, _time.Now);
}
