using System.Globalization;
using AgentGrid.Api.Hosting;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Embedded.Store;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains.Driving;
using AgentGrid.Grains.Nodes;
using AgentGrid.Silo;
using AgentGrid.Silo.Hosting;
using AgentGrid.Silo.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Cluster.Tests.Hosting;

/// <summary>The program without Redis, in this process: one silo, over a file of its own.</summary>
public sealed class OneSiloHost : IGridHost
{
    private readonly Scratch _folder = new();
    private WebApplication? _app;

    public IAgentGrid Grid => App.Services.GetRequiredService<IAgentGrid>();

    private WebApplication App => _app ?? throw new InvalidOperationException("The engine is not running.");

    private string ConfigFolder => Path.Combine(_folder.Folder, "config");

    public async Task StartAsync(GridSetup setup)
    {
        if (Directory.Exists(ConfigFolder))
        {
            Directory.Delete(ConfigFolder, recursive: true);
        }
        Directory.CreateDirectory(ConfigFolder);
        foreach (var file in setup.Files)
        {
            _folder.Write(Path.Combine("config", file.Name), file.Text);
        }
        var serve = Assert.IsType<CommandLine.Serve>(CommandLine.Parse([.. Arguments(setup)], SiloCommandLine.Syntax));
        var composition = ClusterComposition.Create();
        _app = ApiServer.Build(serve, composition with
        {
            Add = builder =>
            {
                composition.Add(builder);
                builder.Logging.ClearProviders();
                builder.Services.AddSingleton(AgentCatalog.Of(setup.Agents));
            },
        });
        _app.Services.GetRequiredService<SiloSettings>().Engine.Times = OneProcess.Dispatch;
        await composition.Prepare(_app);
        await _app.StartAsync();
        var dispatcher = _app.Services.GetRequiredService<IGrainFactory>().GetGrain<IDispatcherGrain>(0);
        await Limits.EventuallyAsync(
            async () => (await dispatcher.GetHealthAsync()).Nodes.Length > 0, () => new("no node takes attempts"));
    }

    public async Task StopAsync()
    {
        await App.StopAsync();
        await App.DisposeAsync();
        _app = null;
    }

    public async Task CrashAsync()
    {
        var services = App.Services;
        services.GetRequiredService<ActiveRuns>().Abandon();
        services.GetRequiredService<Node>().Abandon();
        services.GetRequiredService<SqliteRunStore>().Abandon();
        try
        {
            await App.StopAsync(new CancellationToken(canceled: true));
        }
        catch (OperationCanceledException)
        {
            // Nobody waits for anything: it is dead.
        }
        await App.DisposeAsync();
        _app = null;
    }

    public string ArtifactFolder => Path.Combine(_folder.Folder, "data", "artifacts");

    public Task SweepArtifactsAsync() => OneProcess.SweepAsync(
        App.Services.GetRequiredService<IArtifactStore>(), App.Services.GetRequiredService<IRunStore>());

    public Task EditAsync(string name, string text) => EditAsync(_ => _folder.Write(Path.Combine("config", name), text));

    public async Task EditAsync(Action<string> edit)
    {
        var config = App.Services.GetRequiredService<Node>().Config;
        var before = (config.LoadedAt, config.Problems);
        edit(ConfigFolder);
        await Limits.EventuallyAsync(
            () => ValueTask.FromResult(
                config.LoadedAt != before.LoadedAt || !config.Problems.SequenceEqual(before.Problems)),
            () => new("the edit was not noticed"));
        // Returns when the look that noticed it has done everything.
        config.Look();
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await CrashAsync();
        }
        _folder.Dispose();
    }

    private IEnumerable<string> Arguments(GridSetup setup)
    {
        (string Name, string? Value)[] options =
        [
            ("MaxActiveRuns", setup.MaxActiveRuns?.ToString(CultureInfo.InvariantCulture)),
            ("MaxQueuedRuns", setup.MaxQueuedRuns?.ToString(CultureInfo.InvariantCulture)),
            ("FeedBuffer", setup.FeedBuffer?.ToString(CultureInfo.InvariantCulture)),
            ("MaxOutputBytes", setup.MaxOutputBytes?.ToString(CultureInfo.InvariantCulture)),
            ("CancelGrace", setup.CancelGrace is { } grace ? DurationText.Format(grace) : null),
            ("Webhooks:AllowedHosts", setup.Webhooks is { } w ? string.Join(',', w.AllowedHosts) : null),
            ("Webhooks:Secret", setup.Webhooks?.Secret),
            ("Webhooks:RetryAfter", setup.Webhooks is { } webhooks ? DurationText.Format(webhooks.RetryAfter) : null),
            ("Artifacts:MaxBytes", setup.Artifacts?.MaxBytes.ToString(CultureInfo.InvariantCulture)),
            ("Artifacts:MaxRunBytes", setup.Artifacts?.MaxRunBytes.ToString(CultureInfo.InvariantCulture)),
            ("Artifacts:MinFreeBytes", setup.Artifacts?.MinFreeBytes.ToString(CultureInfo.InvariantCulture)),
            ("DrainTimeout", setup.DrainTimeout is { } drain ? DurationText.Format(drain) : null),
        ];
        return
        [
            "--data", Path.Combine(_folder.Folder, "data"), "--config", ConfigFolder, "--urls", "http://127.0.0.1:0",
            "--AgentGrid:AccountGpuMemory", "false",
            .. options.Where(o => o.Value is not null).SelectMany(o => new[] { $"--AgentGrid:{o.Name}", o.Value! }),
        ];
    }
}
