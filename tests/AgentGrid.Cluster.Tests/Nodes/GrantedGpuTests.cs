using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Conformance;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Runs;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.GrainInterfaces.Matches;
using AgentGrid.Grains;
using AgentGrid.RunLog;

namespace AgentGrid.Cluster.Tests.Nodes;

/// <summary>An attempt runs on the GPU that is recorded on it.</summary>
public sealed class GrantedGpuTests : IAsyncLifetime
{
    private const string Config = """
        agents:
          on_gpu: { resources: { gpu_memory_mb: 500 } }
        """;

    private readonly string _cluster = $"granted-{Guid.NewGuid():N}";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-granted-");

    public async ValueTask InitializeAsync() =>
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "agents.yaml"), Config);

    public async ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        await SharedRedis.ForgetAsync(_cluster);
    }

    [Fact]
    public async Task Run_GpuThatTheDispatcherHasChosen_IsTheOneThatTheAgentGets()
    {
        await using var silos = await TestSilos.StartAsync(_cluster, [typeof(OnGpu)], i => new ClusterEngineOptions
        {
            Config = _folder.FullName,
            Queues = i == 0 ? null : [],
            GpuMemoryMb = i == 0 ? [1_000, 1_000] : [],
        });
        await silos.ReadyAsync();
        var dispatcher = silos.Client.GetGrain<IDispatcherGrain>(0);

        // Granted and never sent to the node: it does not know, and would itself choose the first GPU.
        Assert.Equal(0, await AcquireAsync(dispatcher, "first"));
        var attempt = await RunAsync(silos);

        Assert.Equal(1, attempt.Placement?.Gpu);
        Assert.Equal("""{"gpu":1}""", attempt.Output?.ToString());

        // Both are free again: where the agent has run, its model is.
        await dispatcher.ReleaseSlotsAsync(["first"]);
        var number = 0;
        await Limits.EventuallyAsync(
            async () =>
            {
                var slot = $"again-{number++}";
                var gpu = await AcquireAsync(dispatcher, slot);
                await dispatcher.ReleaseSlotsAsync([slot]);
                return gpu == 1;
            },
            () => new("the GPU where the agent is loaded is not preferred"));
    }

    private static async Task<int?> AcquireAsync(IDispatcherGrain dispatcher, string slot)
    {
        var reply = await dispatcher.GrantedAsync(
            new SlotRequest { Slot = slot, Agent = "on_gpu", Priority = 0, Deadline = DateTimeOffset.MaxValue });
        return reply.Placement!.To<PlacementDecision>()!.Gpu;
    }

    private async Task<(PlacementDecision? Placement, Json? Output)> RunAsync(TestSilos silos)
    {
        var reply = await silos.Client.GetGrain<IMatchGrain>($"m-{_cluster}").SubmitAsync(new SubmitCommand
        {
            Round = "1",
            Input = Json.Parse("{}"),
            InlinePlan = Json.Parse("""{"steps":{"only":{"agent":"on_gpu"}}}"""),
        });
        var run = Assert.IsType<SubmitResult.Accepted>(reply.To<SubmitResult>()).Run;
        await using var redis = await SharedRedis.Server.ConnectAsync();
        var log = new RedisRunLog(redis, new RunLogOptions { KeyPrefix = _cluster }, TimeProvider.System);
        RunState? state = null;
        await Limits.EventuallyAsync(
            async () => (state = await log.ReplayAsync(run.RunId))?.Status.IsEnded() == true,
            () => new($"the run is {state?.Status}"));
        Assert.Equal(RunStatus.Completed, state!.Status);
        var attempt = Assert.Single(state.Steps[0].Attempts);
        return (attempt.Placement, attempt.Output);
    }

    [Agent("on_gpu")]
    private sealed class OnGpu : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            ValueTask.FromResult(Json.From(new { gpu = invocation.Gpu }));
    }
}
