using AgentGrid.Conformance;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Artifacts;
using AgentGrid.GrainClient;
using AgentGrid.GrainClient.Connections;
using AgentGrid.Grains;
using AgentGrid.RunLog;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AgentGrid.Cluster.Tests.Hosting;

/// <summary>The cluster as the conformance tests drive it: silos in this process, a client, and keys of its own in Redis.</summary>
public sealed class ClusterGridHost : IGridHost
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-conformance-");
    private readonly Scratch _data = new();
    private readonly string _keys = $"conformance-{Guid.NewGuid():N}";
    private TestSilos? _silos;
    private ConnectionMultiplexer? _redis;
    private ClusterGrid? _grid;

    public IAgentGrid Grid => _grid ?? throw new InvalidOperationException("The engine is not running.");

    public async Task StartAsync(GridSetup setup)
    {
        foreach (var file in Directory.EnumerateFiles(_folder.FullName, "*.yaml", SearchOption.AllDirectories))
        {
            File.Delete(file);
        }
        foreach (var file in setup.Files)
        {
            await WriteAsync(file.Name, file.Text);
        }
        var artifacts = new ArtifactFolder(ArtifactFolder, setup.Artifacts ?? new());
        _silos = await TestSilos.StartAsync(
            _keys, setup.Agents, index => OptionsOf(setup, index), webhooks: setup.Webhooks, artifacts: artifacts);
        _redis = await SharedRedis.Server.ConnectAsync();
        var options = new GridClientOptions
        {
            Redis = SharedRedis.Address,
            ClusterId = _keys,
            Times = OneProcess.Calls,
        };
        options.FeedBuffer = setup.FeedBuffer ?? options.FeedBuffer;
        var log = new RedisRunLog(_redis, new RunLogOptions { KeyPrefix = _keys }, TimeProvider.System) { Values = artifacts.Values };
        _grid = new ClusterGrid(
            Options.Create(options), new SiloConnection(_silos.Client), log, OneProcess.AccessTo(log),
            TimeProvider.System, NullLoggerFactory.Instance, artifacts);
        await _grid.StartAsync(CancellationToken.None);
        await _silos.ReadyAsync();
    }

    public async Task StopAsync()
    {
        if (_silos is not null)
        {
            await _silos.StopAsync();
            _silos = null;
            await LetGoAsync();
        }
    }

    public async Task CrashAsync()
    {
        await _silos!.CutOffAsync();
        await LetGoAsync();
        await _silos.KillAsync();
        _silos = null;
    }

    public string ArtifactFolder => Path.Combine(_data.Folder, "artifacts");

    public Task SweepArtifactsAsync() => OneProcess.SweepAsync(
        new ArtifactFolder(ArtifactFolder, new()), new RedisRunLog(_redis!, new RunLogOptions { KeyPrefix = _keys }, TimeProvider.System));

    public Task EditAsync(string name, string text) => EditAsync(() => WriteAsync(name, text), name);

    public Task EditAsync(Action<string> edit) => EditAsync(
        () =>
        {
            edit(_folder.FullName);
            return Task.CompletedTask;
        },
        "the folder");

    private async Task EditAsync(Func<Task> edit, string name)
    {
        var before = _silos!.Configurations().Select(c => (c.LoadedAt, c.Problems)).ToArray();
        await edit();
        await Limits.EventuallyAsync(
            () => ValueTask.FromResult(_silos.Configurations().Zip(before).All(
                c => c.First.LoadedAt != c.Second.LoadedAt || !c.First.Problems.SequenceEqual(c.Second.Problems))),
            () => new($"the edit of {name} was not noticed"));
        foreach (var config in _silos.Configurations())
        {
            // Returns when the look that noticed it has done everything.
            config.Look();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_silos is not null)
        {
            await CrashAsync();
        }
        _folder.Delete(recursive: true);
        _data.Dispose();
        await SharedRedis.ForgetAsync(_keys);
    }

    private async Task LetGoAsync()
    {
        await _grid!.DisposeAsync();
        await _redis!.DisposeAsync();
        _grid = null;
    }

    private ClusterEngineOptions OptionsOf(GridSetup setup, int index)
    {
        var options = new ClusterEngineOptions { Config = _folder.FullName, Queues = index == 0 ? null : [], AccountGpuMemory = false };
        options.MaxActiveRuns = setup.MaxActiveRuns ?? options.MaxActiveRuns;
        options.MaxQueuedRuns = setup.MaxQueuedRuns ?? options.MaxQueuedRuns;
        options.MaxOutputBytes = setup.MaxOutputBytes ?? options.MaxOutputBytes;
        options.CancelGrace = setup.CancelGrace ?? options.CancelGrace;
        options.DrainTimeout = setup.DrainTimeout ?? options.DrainTimeout;
        return options;
    }

    private async Task WriteAsync(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // At once: a look must not find half of it.
        await File.WriteAllTextAsync($"{path}.new", text);
        File.Move($"{path}.new", path, overwrite: true);
    }
}
