using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;

namespace AgentGrid.StoreContract;

/// <summary>What was kept is there when the process ends, and the next one goes on with it.</summary>
public abstract class RestartTests<THost> : StoreTests<THost>
    where THost : IStoreHost, new()
{
    [Fact]
    public async Task Restart_DrainedAgents_StayDrained()
    {
        await Store.KeepDrainedAsync("beta", true);
        await Store.KeepDrainedAsync("alpha", true);
        await Store.KeepDrainedAsync("alpha", true);
        await Store.KeepDrainedAsync("gamma", true);
        await Store.KeepDrainedAsync("beta", false);

        await Host.RestartAsync();

        Assert.Equal(["alpha", "gamma"], (await Store.DrainedAsync()).Order());
        await Store.KeepDrainedAsync("gamma", false);
        Assert.Equal(["alpha"], await Store.DrainedAsync());
    }

    [Fact]
    public async Task Restart_RunsInEveryStatus_AreTheSameAndGoOn()
    {
        var random = new Random(5);
        var runs = Enumerable.Range(0, 8)
            .Select(i => LoggedRun.Random(random, "m", $"{i}", Time.Now, i % 2 == 0 ? "t" : null)).ToArray();
        foreach (var run in runs)
        {
            await run.AcceptAsync(Store);
            for (var i = 0; i < 4 && !await run.StepAsync(Store, random); i++)
            {
            }
        }
        var before = await ReadAsync();

        await Host.RestartAsync();

        Assert.Equal(before, await ReadAsync());
        foreach (var run in runs)
        {
            Assert.Equal(LoggedRun.Dump(run.State), LoggedRun.Dump((await Store.ReplayAsync(run.Id))!));
            while (!run.State.Status.IsEnded())
            {
                await run.StepAsync(Store, random);
            }
        }
        Assert.Equal(runs.Sum(r => r.State.Version), await Store.LastSeqAsync());
        Assert.Empty(await Store.ActiveAsync());
        Assert.Equal(new RunCounts(0, 0), await Store.CountAsync());
    }

    [Fact]
    public async Task Restart_RunsThatHaveNotEnded_HaveTheirPlacesStill()
    {
        var (first, ended) = (await AcceptedAsync("m", "1"), await AcceptedAsync("m", "2"));
        await ended.StartAsync(Store);
        await ended.FailAsync(Store);

        await Host.RestartAsync();

        Assert.IsType<AcceptOutcome.Full>(await Run("m", "3").AcceptAsync(Store, maxRuns: 1));
        Assert.IsType<AcceptOutcome.KeyTaken>(await Run("m", "1").AcceptAsync(Store, maxRuns: 1));
        await ended.TurnAsync(Store, new RunInput.RetryRun());
        Assert.IsType<AcceptOutcome.Full>(await Run("m", "3").AcceptAsync(Store, maxRuns: 2));
        await first.TurnAsync(Store, new RunInput.CancelRun("enough"));
        Assert.IsType<AcceptOutcome.Kept>(await Run("m", "3").AcceptAsync(Store, maxRuns: 2));
    }

    private async Task<string> ReadAsync()
    {
        var events = await Store.ReadEventsAsync(new FeedQuery(), 0, 100_000);
        var list = await Store.ListAsync(new RunQuery(Limit: 100));
        var active = await Store.ActiveAsync();
        return $"""
            {await Store.LastSeqAsync()} {await Store.CountAsync()}
            {string.Join('\n', events.Events.Select(e => System.Text.Encoding.UTF8.GetString(e.Utf8.Span)))}
            {string.Join('\n', list.Runs)}
            {string.Join('\n', active.Select(r => $"{r.Summary} {r.Version} {r.Head.Tenant} {r.Head.Priority}"))}
            """;
    }
}
