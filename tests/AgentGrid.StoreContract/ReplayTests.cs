using AgentGrid.Core.Runs;

namespace AgentGrid.StoreContract;

/// <summary>A run is what its events say.</summary>
public abstract class ReplayTests<THost> : StoreTests<THost>
    where THost : IStoreHost, new()
{
    [Fact]
    public async Task ReplayAsync_AfterEveryTurnOfRandomRuns_GivesTheState()
    {
        for (var seed = 0; seed < 15; seed++)
        {
            var random = new Random(seed);
            var run = LoggedRun.Random(random, "m", $"{seed}", Time.Now);
            await run.AcceptAsync(Store);
            while (!await run.StepAsync(Store, random))
            {
                Assert.Equal(LoggedRun.Dump(run.State), LoggedRun.Dump((await Store.ReplayAsync(run.Id))!));
                Assert.Equal(run.Summary, (await Store.FindAsync(run.Id))!.Summary);
            }
            Assert.Equal(LoggedRun.Dump(run.State), LoggedRun.Dump((await Host.Another().ReplayAsync(run.Id))!));
            var journal = (await Store.ReadJournalAsync(run.Id))!;
            Assert.Equal(run.State.Version, journal.Events.Length);
            Assert.Equal(LoggedRun.Dump(run.State), LoggedRun.Dump(RunJournal.Read(journal.ToJson()).Replay()));
        }
    }

    [Fact]
    public async Task ReplayAsync_ARunThatIsNotThere_IsNull()
    {
        var run = new LoggedRun(LoggedRun.OneStep, "m", "1", Time.Now);
        Assert.Null(await Store.ReplayAsync(run.Id));
        Assert.Null(await Store.ReadJournalAsync(run.Id));
        Assert.Null(await Store.FindAsync(run.Id));
        Assert.Null(await Store.FindAsync(run.State.Key));
    }

    [Fact]
    public async Task ReplayAsync_MoreThanIsReadAtOnce_GivesTheState()
    {
        var plan = LoggedRun.PlanOf("large", """
            {"steps":{"a":{"agent":"work"},"b":{"agent":"work"},"c":{"agent":"work"},"d":{"agent":"work"}}}
            """);
        var run = new LoggedRun(plan, "m", "1", Time.Now);
        await run.AcceptAsync(Store);
        await run.StartAsync(Store);
        var output = AgentGrid.Core.Json.From(new string('x', 3 << 20));
        foreach (var step in plan.Steps)
        {
            await run.TurnAsync(Store, new RunInput.CompleteAttempt(step.Id, 1, output));
        }

        Assert.Equal(RunStatus.Completed, run.State.Status);
        Assert.Equal(LoggedRun.Dump(run.State), LoggedRun.Dump((await Store.ReplayAsync(run.Id))!));
    }
}
