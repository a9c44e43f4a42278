using AgentGrid.Core.Plans;
using AgentGrid.Engine.Store;

namespace AgentGrid.StoreContract;

/// <summary>
/// What every store of runs must do. Each part has its class of tests; a store derives one class from each of them and names
/// its host.
/// </summary>
public abstract class StoreTests<THost> : IAsyncLifetime
    where THost : IStoreHost, new()
{
    protected THost Host { get; } = new();

    protected ManualTime Time => Host.Time;

    protected IRunStore Store => Host.Store;

    public async ValueTask InitializeAsync() => await Host.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected LoggedRun Run(string match, string round, string? tenant = null, Plan? plan = null) =>
        new(plan ?? LoggedRun.OneStep, match, round, Time.Now, tenant);

    protected async Task<LoggedRun> AcceptedAsync(string match, string round, string? tenant = null)
    {
        var run = Run(match, round, tenant);
        Assert.IsType<AcceptOutcome.Kept>(await run.AcceptAsync(Store));
        return run;
    }
}
