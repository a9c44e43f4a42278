using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance.Hosting;

/// <summary>
/// The engine of a class of tests, which goes from test to test while each leaves it quiet, as it was started: what is
/// tested is seldom how it starts, and starting costs more than most tests.
/// </summary>
public sealed class KeptEngine<THost> : IAsyncDisposable
    where THost : IGridHost, new()
{
    // What a test leaves running is cancelled; an engine that is not quiet soon after that is not kept.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    private Watched? _kept;

    /// <summary>The engine that was kept, or a new one.</summary>
    public async Task<IGridHost> TakeAsync(GridSetup setup)
    {
        if (_kept is { } kept)
        {
            _kept = null;
            return kept;
        }
        var host = new THost();
        await host.StartAsync(setup);
        return new Watched(host);
    }

    /// <summary>Keeps an engine for the next test, or ends it.</summary>
    public async Task ReturnAsync(IGridHost host)
    {
        if (host is Watched { IsChanged: false } watched && await IsQuietAsync(host.Grid))
        {
            _kept = watched;
            return;
        }
        await host.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_kept is not null)
        {
            await _kept.DisposeAsync();
        }
    }

    private static async Task<bool> IsQuietAsync(IAgentGrid grid)
    {
        foreach (var run in await UnfinishedAsync(grid))
        {
            await grid.CancelAsync(run.RunId);
        }
        for (var until = DateTime.UtcNow + s_patience; DateTime.UtcNow < until; await Task.Delay(10))
        {
            var agents = await grid.GetAgentsAsync();
            if (agents.Any(static a => a.Drained))
            {
                return false;
            }
            if (agents.All(static a => a is { Running: 0, Waiting: 0, Abandoned: 0 }) && (await UnfinishedAsync(grid)).Count == 0)
            {
                return true;
            }
        }
        return false;
    }

    private static async Task<List<RunSummary>> UnfinishedAsync(IAgentGrid grid)
    {
        var runs = new List<RunSummary>();
        foreach (var status in (RunStatus[])[RunStatus.Scheduled, RunStatus.Queued, RunStatus.Running])
        {
            runs.AddRange((await grid.ListRunsAsync(new RunQuery(status, Limit: 1_000))).Runs);
        }
        return runs;
    }

    /// <summary>Knows whether the engine is still the one that was started, with the configuration it had.</summary>
    private sealed class Watched(THost host) : IGridHost
    {
        public bool IsChanged { get; private set; }

        public IAgentGrid Grid => host.Grid;

        public string ArtifactFolder => host.ArtifactFolder;

        public Task StartAsync(GridSetup setup) => Changed(host.StartAsync(setup));

        public Task StopAsync() => Changed(host.StopAsync());

        public Task CrashAsync() => Changed(host.CrashAsync());

        public Task SweepArtifactsAsync() => host.SweepArtifactsAsync();

        public Task EditAsync(string name, string text) => Changed(host.EditAsync(name, text));

        public Task EditAsync(Action<string> edit) => Changed(host.EditAsync(edit));

        public ValueTask DisposeAsync() => host.DisposeAsync();

        private Task Changed(Task change)
        {
            IsChanged = true;
            return change;
        }
    }
}
