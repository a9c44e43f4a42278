using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;

namespace AgentGrid.StoreContract;

/// <summary>A turn is kept only after all that were before it, and numbers follow each other.</summary>
public abstract class AppendTests<THost> : StoreTests<THost>
    where THost : IStoreHost, new()
{
    [Fact]
    public async Task AppendAsync_TwoWithTheSameVersion_KeepsOneAndRefusesTheOther()
    {
        var run = await AcceptedAsync("m", "1");
        var events = run.Decide(RunInput.StartRun.Instance);

        var outcomes = await Task.WhenAll(
            Store.AppendAsync(run.Id, 1, events, run.Summary),
            Host.Another().AppendAsync(run.Id, 1, events, run.Summary));

        Assert.Single(outcomes.OfType<AppendOutcome.Kept>());
        Assert.Single(outcomes.OfType<AppendOutcome.Conflict>());
        Assert.Equal(1 + events.Count, (await Store.FindAsync(run.Id))!.Version);
        Assert.Equal(1 + events.Count, await Store.LastSeqAsync());
    }

    [Fact]
    public async Task AppendAsync_AVersionAhead_ChangesNothing()
    {
        var run = await AcceptedAsync("m", "1");

        Assert.IsType<AppendOutcome.Conflict>(
            await Store.AppendAsync(run.Id, 2, run.Decide(RunInput.StartRun.Instance), run.Summary));

        Assert.Equal(1, (await Store.FindAsync(run.Id))!.Version);
        Assert.Equal(1, await Store.LastSeqAsync());
    }

    [Fact]
    public async Task AppendAsync_ARunThatIsNotThere_IsGone()
    {
        var run = new LoggedRun(LoggedRun.OneStep, "m", "1", Time.Now);

        Assert.IsType<AppendOutcome.Gone>(
            await Store.AppendAsync(run.Id, 1, run.Decide(RunInput.StartRun.Instance), run.Summary));

        Assert.Equal(0, await Store.LastSeqAsync());
        Assert.Empty((await Store.ListAsync(new RunQuery())).Runs);
    }

    [Fact]
    public async Task AppendAsync_ManyRunsAtOnce_NumbersHaveNoGapsAndFollowEachOther()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 30).Select(async i =>
        {
            var (random, log) = (new Random(i), i % 2 == 0 ? Store : Host.Another());
            var run = LoggedRun.Random(random, $"m{i % 3}", $"{i}", Time.Now);
            await run.AcceptAsync(log);
            while (!await run.StepAsync(log, random))
            {
            }
            return run;
        }));

        var turns = runs.SelectMany(r => r.Kept).OrderBy(t => t.Last).ToArray();
        Assert.Equal(
            turns.Select((_, i) => turns.Take(i + 1).Sum(t => (long)t.Events.Count)), turns.Select(t => t.Last));
        Assert.Equal(turns[^1].Last, await Store.LastSeqAsync());
        Assert.All(runs, r => Assert.Equal(r.Kept.Select(t => t.Last).Order(), r.Kept.Select(t => t.Last)));
    }

    [Fact]
    public async Task AppendAsync_TheRunEndsAndIsRetried_MovesBetweenActiveAndEnded()
    {
        var run = await AcceptedAsync("m", "1", "t");
        await run.StartAsync(Store);
        await run.FailAsync(Store);
        Assert.Empty(await Store.ActiveAsync());
        Assert.Equal(RunStatus.Failed, (await Store.FindAsync(run.Id))!.Summary.Status);

        await run.TurnAsync(Store, RunInput.SkipSubmission.Instance);
        Assert.Empty(await Store.ActiveAsync());
        Assert.Equal(RunStatus.Failed, (await Store.FindAsync(run.Id))!.Summary.Status);

        await run.TurnAsync(Store, new RunInput.RetryRun());
        var active = Assert.Single(await Store.ActiveAsync());
        Assert.Equal((run.Summary, "t", 0), (active.Summary, active.Head.Tenant, active.Head.Priority));
        Assert.Equal(await Store.ActiveAsync(), await Store.ActiveAsync("m"));
        Assert.Empty(await Store.ActiveAsync("other"));

        await run.StartAsync(Store);
        await run.FinishAsync(Store);
        Assert.Empty(await Store.ActiveAsync("m"));
        Assert.Equal(RunStatus.Completed, (await Store.FindAsync(run.Id))!.Summary.Status);
    }

    [Fact]
    public async Task AppendAsync_ASummaryThatDoesNotFitTheEvents_IsRefused()
    {
        var run = await AcceptedAsync("m", "1");
        var before = run.Summary;
        await run.StartAsync(Store);
        var version = run.State.Version;
        var events = run.Decide(new RunInput.CancelRun("enough"));

        await Assert.ThrowsAsync<ArgumentException>(() => Store.AppendAsync(run.Id, version, events, before));
        var wrong = await Assert.ThrowsAsync<ArgumentException>(() => Store.AppendAsync(
            run.Id, version, [new RunEvent.SubmissionSkipped { Time = run.Now }], run.Summary));

        Assert.Contains(run.Id.Value, wrong.Message, StringComparison.Ordinal);
        Assert.Equal(version, (await Store.FindAsync(run.Id))!.Version);
    }

    [Fact]
    public async Task AppendAsync_ARetryWhereNoPlaceIsFree_IsFullAndChangesNothing()
    {
        var ended = await AcceptedAsync("m", "1", "t");
        await ended.StartAsync(Store);
        await ended.FailAsync(Store);
        var other = await AcceptedAsync("m", "2");
        var (version, before) = (ended.State.Version, ended.Summary);
        var events = ended.Decide(new RunInput.RetryRun());

        var full = Assert.IsType<AppendOutcome.Full>(
            await Store.AppendAsync(ended.Id, version, events, ended.Summary, maxRuns: 1));

        Assert.InRange(full.RetryAfter.TotalSeconds, 1, 60);
        Assert.Equal(before, (await Store.FindAsync(ended.Id))!.Summary);
        await other.TurnAsync(Store, new RunInput.CancelRun("enough"));
        Assert.IsType<AppendOutcome.Kept>(
            await Store.AppendAsync(ended.Id, version, events, ended.Summary, maxRuns: 1));
        Assert.IsType<AcceptOutcome.Full>(await Run("m", "3").AcceptAsync(Store, maxRuns: 1));
    }
}
