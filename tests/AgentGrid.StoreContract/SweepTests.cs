using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;

namespace AgentGrid.StoreContract;

/// <summary>What is past the retention goes, and nothing else.</summary>
public abstract class SweepTests<THost> : StoreTests<THost>
    where THost : IStoreHost, new()
{
    [Fact]
    public async Task SweepAsync_EverythingIsOld_LeavesTheNumberAlone()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var run = LoggedRun.Random(random, $"m{seed % 5}", $"{seed}", Time.Now, seed % 2 == 0 ? "t" : null);
            await run.AcceptAsync(Store);
            while (!await run.StepAsync(Store, random))
            {
            }
        }
        var last = await Store.LastSeqAsync();
        Assert.Equal(0, await Store.SweepAsync(1_000));
        Time.Advance(TimeSpan.FromHours(30));

        Assert.Equal(7, await Store.SweepAsync(7));
        Assert.Equal(53, (await Store.ListAsync(new(Limit: 100))).Runs.Length);
        Assert.Equal(53, await Store.SweepAsync(1_000));

        Assert.Equal(last, await Store.LastSeqAsync());
        Assert.Empty((await Store.ReadEventsAsync(new FeedQuery(), 0, 10)).Events);
    }

    [Fact]
    public async Task SweepAsync_OfASupersededRun_LeavesTheKeyToTheOneThatHasIt()
    {
        var old = Run("1");
        await old.CompleteAsync(Store);
        Time.Advance(TimeSpan.FromHours(24));
        var young = new LoggedRun(LoggedRun.OneStep, "m", "1", Time.Now, supersedes: old.Id);
        await young.AcceptAsync(Store);
        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(1, await Store.SweepAsync(100));

        Assert.Null(await Store.FindAsync(old.Id));
        Assert.Equal(young.Id, (await Store.FindAsync(young.State.Key))?.Id);
        Assert.Equal([young.Id], (await Store.ListAsync(new(MatchId: "m", Round: "1"))).Runs.Select(static r => r.RunId));
        await young.StartAsync(Store);
        await young.FinishAsync(Store);
        Time.Advance(TimeSpan.FromHours(30));
        Assert.Equal(1, await Store.SweepAsync(100));
        Assert.Null(await Store.FindAsync(young.State.Key));
        Assert.Empty((await Store.ListAsync(new(MatchId: "m"))).Runs);
    }

    [Fact]
    public async Task SweepAsync_SomeAreOld_LeavesTheOthersWhole()
    {
        var (old, active) = (Run("1"), Run("2"));
        await old.CompleteAsync(Store);
        await active.AcceptAsync(Store);
        Time.Advance(TimeSpan.FromHours(24));
        var young = Run("3");
        await young.CompleteAsync(Store);
        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(1, await Store.SweepAsync(100));

        Assert.Null(await Store.FindAsync(old.State.Key));
        Assert.Null(await Store.ReplayAsync(old.Id));
        Assert.IsType<AppendOutcome.Gone>(await Store.AppendAsync(
            old.Id, old.State.Version, [new RunEvent.SubmissionSkipped { Time = old.Now }], old.Summary));
        foreach (var run in new[] { active, young })
        {
            Assert.Equal(LoggedRun.Dump(run.State), LoggedRun.Dump((await Store.ReplayAsync(run.Id))!));
        }
        var left = (await Store.ReadEventsAsync(new FeedQuery(MatchId: "m"), 0, 100)).Events;
        Assert.Equal(active.State.Version + young.State.Version, left.Length);
        Assert.IsType<AcceptOutcome.Kept>(await Run("1").AcceptAsync(Store));
    }

    // It has ended for everybody, and is kept until webhooks are told.
    [Fact]
    public async Task SweepAsync_OwesWebhooks_LeavesItUntilThatIsSettled()
    {
        var told = LoggedRun.PlanOf("told", """{"webhooks":[{"url":"https://a.example/"}],"steps":{"a":{"agent":"work"}}}""");
        var (owing, other) = (new LoggedRun(told, "m", "1", Time.Now), Run("2"));
        await owing.CompleteAsync(Store);
        await other.CompleteAsync(Store);
        Assert.Equal([owing.Id], (await Store.OwingAsync()).Select(static r => r.Id));
        Assert.Equal([owing.Id], (await Store.OwingAsync("m")).Select(static r => r.Id));
        Assert.Empty(await Store.OwingAsync("n"));
        Assert.Empty(await Store.ActiveAsync());
        Assert.Equal(
            [other.Id, owing.Id],
            (await Store.ListAsync(new(RunStatus.Completed))).Runs.Select(static r => r.RunId));
        Assert.Equal((0, 0), (await Store.CountAsync() is var counts ? counts.Queued : 0, counts.Running));

        Time.Advance(TimeSpan.FromHours(30));
        Assert.Equal(1, await Store.SweepAsync(100));
        Assert.Equal(LoggedRun.Dump(owing.State), LoggedRun.Dump((await Store.ReplayAsync(owing.Id))!));

        await owing.TurnAsync(Store, new RunInput.ReportDelivery(1, 1));
        Assert.Empty(await Store.OwingAsync());
        Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, await Store.SweepAsync(100));
        Assert.Null(await Store.FindAsync(owing.Id));
    }

    // A run that goes on is looked after as all others are, whatever its earlier end still owes.
    [Fact]
    public async Task OwingAsync_RetriedRun_IsAmongTheActiveOnes()
    {
        var told = LoggedRun.PlanOf("told", """{"webhooks":[{"url":"https://a.example/"}],"steps":{"a":{"agent":"work"}}}""");
        var run = new LoggedRun(told, "m", "1", Time.Now);
        await run.AcceptAsync(Store);
        await run.StartAsync(Store);
        await run.FailAsync(Store);
        Assert.Single(await Store.OwingAsync());

        await run.TurnAsync(Store, new RunInput.RetryRun());

        Assert.Empty(await Store.OwingAsync());
        Assert.Single(await Store.ActiveAsync());
    }

    [Fact]
    public async Task SweepAsync_WhileRunsAreRetried_RemovesEachOrLeavesItWhole()
    {
        var runs = Enumerable.Range(0, 120).Select(i => Run($"{i}")).ToArray();
        foreach (var run in runs)
        {
            Assert.IsType<AcceptOutcome.Kept>(await run.AcceptAsync(Store));
            await run.StartAsync(Store);
            await run.FailAsync(Store);
        }
        // A store may have to learn first how to sweep: the first sweep would else come after retries that were asked for after it.
        Assert.Equal(0, await Store.SweepAsync(1));
        Time.Advance(TimeSpan.FromHours(25));

        // Nothing is waited for between, so that sweeps and retries meet.
        var sweeps = new List<Task<int>>();
        var retries = new List<Task<(LoggedRun Run, AppendOutcome Outcome)>>();
        new Random(11).Shuffle(runs);
        foreach (var some in runs.Chunk(3))
        {
            sweeps.Add(Store.SweepAsync(2));
            retries.AddRange(some.Select(RetryAsync));
        }
        var outcomes = await Task.WhenAll(retries);
        var removed = (await Task.WhenAll(sweeps)).Sum();

        Assert.InRange(removed, 1, 119);
        Assert.Equal(removed, outcomes.Count(o => o.Outcome is AppendOutcome.Gone));
        Assert.Equal(120 - removed, outcomes.Count(o => o.Outcome is AppendOutcome.Kept));
        foreach (var (run, outcome) in outcomes)
        {
            var replayed = await Store.ReplayAsync(run.Id);
            Assert.Equal(outcome is AppendOutcome.Kept, replayed is not null);
            Assert.True(replayed is null || LoggedRun.Dump(replayed) == LoggedRun.Dump(run.State));
        }
        Assert.Equal(120 - removed, (await Store.ActiveAsync()).Count);
        Assert.Equal(0, await Store.SweepAsync(1_000));

        async Task<(LoggedRun, AppendOutcome)> RetryAsync(LoggedRun run)
        {
            var version = run.State.Version;
            var events = run.Decide(new RunInput.RetryRun());
            return (run, await Store.AppendAsync(run.Id, version, events, run.Summary));
        }
    }

    private LoggedRun Run(string round) => new(LoggedRun.OneStep, "m", round, Time.Now, "t");
}
