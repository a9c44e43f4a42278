using AgentGrid.Engine.Store;

namespace AgentGrid.StoreContract;

/// <summary>Runs that have not ended are counted.</summary>
public abstract class CountingTests<THost> : StoreTests<THost>
    where THost : IStoreHost, new()
{
    [Fact]
    public async Task CountAsync_RunsInEveryStatus_CountsThoseThatHaveNotEnded()
    {
        Assert.Equal(new RunCounts(0, 0), await Store.CountAsync());
        var runs = Enumerable.Range(0, 6)
            .Select(i => new LoggedRun(LoggedRun.OneStep, "m", $"{i}", Time.GetUtcNow())).ToArray();
        foreach (var run in runs)
        {
            await run.AcceptAsync(Store);
        }
        foreach (var run in runs[..3])
        {
            await run.StartAsync(Store);
        }
        await runs[0].FinishAsync(Store);

        Assert.Equal(new RunCounts(Queued: 3, Running: 2), await Store.CountAsync());
    }
}
