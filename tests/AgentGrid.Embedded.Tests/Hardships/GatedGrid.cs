using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AgentGrid.Embedded.Tests.Hardships;

/// <summary>An engine with one agent, 'gated', that does what the test says; without a word it answers at once.</summary>
internal sealed class GatedGrid : IAsyncDisposable
{
    private readonly EmbeddedGrid _grid;
    private readonly DirectoryInfo _config;
    private readonly Json _steps;
    private int _keys;

    private GatedGrid(EmbeddedGrid grid, DirectoryInfo config, string timeout)
    {
        _grid = grid;
        _config = config;
        _steps = Json.From(new
        {
            steps = new { a = new { agent = "gated", timeout, retry = new { max_attempts = 1 } } },
        });
    }

    public IAgentGrid Grid => _grid;

    public static async Task<GatedGrid> StartAsync(
        string data, TimeProvider? time = null, Func<CancellationToken, Task>? work = null,
        Action<EmbeddedOptions>? configure = null, int slots = 10_000, string timeout = "10m",
        Func<Task>? dispose = null)
    {
        var config = Directory.CreateTempSubdirectory("agentgrid-gated-");
        await File.WriteAllTextAsync(
            Path.Combine(config.FullName, "agents.yaml"), $"agents: {{ gated: {{ max_concurrency: {slots} }} }}");
        var options = new EmbeddedOptions
        {
            Data = data,
            Config = config.FullName,
            DrainTimeout = TimeSpan.FromSeconds(5),
            CancelGrace = TimeSpan.FromMilliseconds(100),
        };
        configure?.Invoke(options);
        var grid = new EmbeddedGrid(
            Options.Create(options), AgentCatalog.Of([typeof(Gated)]),
            _ => new Gated { Work = work ?? (static _ => Task.CompletedTask), Dispose = dispose ?? (static () => Task.CompletedTask) },
            time ?? TimeProvider.System,
            NullLogger<EmbeddedGrid>.Instance);
        try
        {
            await grid.StartAsync(CancellationToken.None);
        }
        catch
        {
            config.Delete(recursive: true);
            throw;
        }
        return new GatedGrid(grid, config, timeout);
    }

    public ValueTask<SubmitResult> SubmitAsync(string? tenant = null, string? text = null) => _grid.SubmitAsync(new SubmitRun(
        new RunKey("m", $"{Interlocked.Increment(ref _keys)}"), Json.From(new { text }), InlinePlan: _steps,
        Tenant: tenant));

    public async Task<RunSummary> AcceptAsync()
    {
        var result = await SubmitAsync();
        return Assert.IsType<SubmitResult.Accepted>(result).Run;
    }

    public async Task<RunSummary> EndOfAsync(RunSummary run)
    {
        // By the clock of the test and not by the engine's, which may stand still.
        var ended = await _grid.WaitForEndAsync(run.RunId, TimeSpan.FromDays(1)).AsTask()
            .WaitAsync(TimeSpan.FromMinutes(2));
        return ended!.Summary;
    }

    /// <summary>Whether the engine still takes what comes of a run that has not ended.</summary>
    public bool Takes(RunId run) => _grid.IsRunning && _grid.Engine.Registry.Find(run) is { Summary.Status: RunStatus.Running };

    public async ValueTask DisposeAsync()
    {
        await _grid.StopAsync(new CancellationToken(canceled: true));
        _config.Delete(recursive: true);
    }

    [Agent("gated")]
    private sealed class Gated : IAgent, IAsyncDisposable
    {
        public required Func<CancellationToken, Task> Work { get; init; }

        public required Func<Task> Dispose { get; init; }

        public async ValueTask DisposeAsync() => await Dispose();

        public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
        {
            await Work(cancellationToken);
            return Json.EmptyObject;
        }
    }
}
