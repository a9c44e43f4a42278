using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Conformance;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.GrainClient;
using AgentGrid.GrainClient.Connections;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains;
using AgentGrid.RunLog;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AgentGrid.Cluster.Tests.Placement;

/// <summary>Silos in this process with the hardware that a test wants, and a client.</summary>
internal sealed class PlacementSilos : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-placement-");
    private readonly string _keys = $"placement-{Guid.NewGuid():N}";
    private TestSilos? _silos;
    private ConnectionMultiplexer? _redis;
    private ClusterGrid? _grid;
    private int _posted;

    public IAgentGrid Grid => _grid!;
    public IDispatcherGrain Dispatcher => _silos!.Client.GetGrain<IDispatcherGrain>(0);

    /// <summary>Starts one silo for each; its name is <c>Silo_</c> and its index.</summary>
    public static async Task<PlacementSilos> StartAsync(params (string Queue, long[] GpuMemoryMb)[] hardware)
    {
        var made = new PlacementSilos();
        await File.WriteAllTextAsync(Path.Combine(made._folder.FullName, "agents.yaml"), Sizes.Config);
        made._silos = await TestSilos.StartAsync(made._keys, Sizes.Agents, index => new ClusterEngineOptions
        {
            Config = made._folder.FullName,
            Queues = [hardware[index].Queue],
            GpuMemoryMb = [.. hardware[index].GpuMemoryMb],
            Labels = Labels.Of(("zone", $"z{index}")),
        }, hardware.Length);
        made._redis = await SharedRedis.Server.ConnectAsync();
        var options = new GridClientOptions
        {
            Redis = SharedRedis.Address,
            ClusterId = made._keys,
            Times = OneProcess.Calls,
        };
        var log = new RedisRunLog(made._redis, new RunLogOptions { KeyPrefix = made._keys }, TimeProvider.System);
        made._grid = new ClusterGrid(
            Options.Create(options), new SiloConnection(made._silos.Client), log, OneProcess.AccessTo(log),
            TimeProvider.System, NullLoggerFactory.Instance);
        await made._grid.StartAsync(CancellationToken.None);
        await Limits.EventuallyAsync(
            async () => (await made._grid.GetNodesAsync()).Length == hardware.Length,
            () => new("some node has not reported"));
        return made;
    }

    /// <summary>Posts a run of one attempt.</summary>
    public Task<RunId> PostAsync(Stage stage, string agent) => PostPlanAsync(stage, $$$"""{"steps": {"a": {"agent": "{{{agent}}}"} } }""");

    /// <summary>Posts a run of a plan with one step.</summary>
    public async Task<RunId> PostPlanAsync(Stage stage, string plan)
    {
        var result = await Grid.SubmitAsync(new SubmitRun(
            new RunKey($"{stage.Name}-{Interlocked.Increment(ref _posted)}", "1"), Json.Parse("{}"),
            InlinePlan: Json.Parse(plan)));
        return Assert.IsType<SubmitResult.Accepted>(result).Run.RunId;
    }

    /// <summary>Waits for the end of runs, and returns their attempts.</summary>
    public async Task<AttemptDetails[]> EndAsync(IEnumerable<RunId> runs)
    {
        var ended = await Task.WhenAll(runs.Select(r => Grid.WaitForEndAsync(r, Limits.Patience).AsTask()));
        Assert.All(ended, r => Assert.Equal(RunStatus.Completed, r!.Summary.Status));
        return [.. ended.Select(r => Assert.Single(r!.Steps.Single().Attempts))];
    }

    public async ValueTask DisposeAsync()
    {
        await _grid!.DisposeAsync();
        await _silos!.StopAsync();
        await _redis!.DisposeAsync();
        _folder.Delete(recursive: true);
        await SharedRedis.ForgetAsync(_keys);
    }
}
