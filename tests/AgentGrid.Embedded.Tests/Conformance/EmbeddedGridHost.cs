using System.ComponentModel.Design;
using AgentGrid.Conformance;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AgentGrid.Embedded.Tests.Conformance;

/// <summary>The embedded engine over a folder of its own.</summary>
public sealed class EmbeddedGridHost : IGridHost
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-conformance-");
    private EmbeddedGrid? _grid;

    public IAgentGrid Grid => _grid ?? throw new InvalidOperationException("The engine is not running.");

    private string ConfigFolder => Path.Combine(_folder.FullName, "config");

    public async Task StartAsync(GridSetup setup)
    {
        if (Directory.Exists(ConfigFolder))
        {
            Directory.Delete(ConfigFolder, recursive: true);
        }
        Directory.CreateDirectory(ConfigFolder);
        foreach (var file in setup.Files)
        {
            await WriteAsync(file.Name, file.Text);
        }
        var options = new EmbeddedOptions { Data = Path.Combine(_folder.FullName, "data"), Config = ConfigFolder };
        options.MaxActiveRuns = setup.MaxActiveRuns ?? options.MaxActiveRuns;
        options.MaxQueuedRuns = setup.MaxQueuedRuns ?? options.MaxQueuedRuns;
        options.FeedBuffer = setup.FeedBuffer ?? options.FeedBuffer;
        options.MaxOutputBytes = setup.MaxOutputBytes ?? options.MaxOutputBytes;
        options.CancelGrace = setup.CancelGrace ?? options.CancelGrace;
        options.DrainTimeout = setup.DrainTimeout ?? options.DrainTimeout;
        var services = new ServiceContainer();
        services.AddService(typeof(IOptions<WebhookOptions>), Options.Create(setup.Webhooks ?? new()));
        services.AddService(typeof(IOptions<ArtifactOptions>), Options.Create(setup.Artifacts ?? new()));
        _grid = new EmbeddedGrid(
            Options.Create(options), AgentCatalog.Of(setup.Agents),
            agent => (IAgent)Activator.CreateInstance(agent.Type, nonPublic: true)!,
            TimeProvider.System, NullLogger<EmbeddedGrid>.Instance)
        {
            Services = services,
        };
        await _grid.StartAsync(CancellationToken.None);
    }

    public async Task StopAsync()
    {
        if (_grid is not null)
        {
            await _grid.StopAsync(CancellationToken.None);
            _grid = null;
        }
    }

    public Task CrashAsync()
    {
        _grid!.Crash();
        return Task.CompletedTask;
    }

    public string ArtifactFolder => Path.Combine(_folder.FullName, "data", "artifacts");

    public Task SweepArtifactsAsync()
    {
        var sweeper = _grid!.Engine.ArtifactSweeper;
        (sweeper.Grace, sweeper.Unfinished) = (TimeSpan.Zero, TimeSpan.Zero);
        return sweeper.SweepAsync(CancellationToken.None);
    }

    public Task EditAsync(string name, string text) => EditAsync(() => WriteAsync(name, text), name);

    public Task EditAsync(Action<string> edit) => EditAsync(
        () =>
        {
            edit(ConfigFolder);
            return Task.CompletedTask;
        },
        "the folder");

    private async Task EditAsync(Func<Task> edit, string name)
    {
        var before = await Grid.GetHealthAsync();
        await edit();
        await Limits.EventuallyAsync(
            async () => await Grid.GetHealthAsync() is var now
                && (now.ConfigLoadedAt != before.ConfigLoadedAt || !now.ConfigProblems.SequenceEqual(before.ConfigProblems)),
            () => new($"the edit of {name} was not noticed"));
    }

    public ValueTask DisposeAsync()
    {
        _grid?.Crash();
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task WriteAsync(string name, string text)
    {
        var path = Path.Combine(ConfigFolder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // At once, so that no look at the folder can find half of it.
        await File.WriteAllTextAsync(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
    }
}
