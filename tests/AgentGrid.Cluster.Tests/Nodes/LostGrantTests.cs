using System.Diagnostics;
using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Conformance;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.GrainInterfaces.Matches;
using AgentGrid.Grains;
using AgentGrid.RunLog;

namespace AgentGrid.Cluster.Tests.Nodes;

/// <summary>An attempt that has a slot and is durable, and that never came to its node.</summary>
public sealed class LostGrantTests : IAsyncLifetime
{
    private readonly string _cluster = $"lost-{Guid.NewGuid():N}";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-lost-");

    public async ValueTask InitializeAsync() => await File.WriteAllTextAsync(
        Path.Combine(_folder.FullName, "agents.yaml"),
        "agents: { single: { max_concurrency: 1 }, other: { max_concurrency: 1 } }");

    public async ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        await SharedRedis.ForgetAsync(_cluster);
    }

    [Fact]
    public async Task Resume_NodeNeverGotTheAttempt_GivesItsSlotBackAndDeliversItAgain()
    {
        await using var silos = await TestSilos.StartAsync(
            _cluster, [typeof(Single), typeof(Other)],
            i => new ClusterEngineOptions { Config = _folder.FullName, Queues = i == 0 ? null : [], GpuMemoryMb = [] });
        await silos.ReadyAsync();
        await using var redis = await SharedRedis.Server.ConnectAsync();
        var log = new RedisRunLog(redis, new RunLogOptions { KeyPrefix = _cluster }, TimeProvider.System);
        var run = new RunEvent.RunAccepted(
            RunId.From(Guid.CreateVersion7()), "m", "1", "plan", "1", Json.EmptyObject, 1)
        {
            Time = DateTimeOffset.UtcNow,
        };
        var held = Stopwatch.StartNew();
        var reply = await silos.Client.GetGrain<IDispatcherGrain>(0).GrantedAsync(new SlotRequest
        {
            Slot = $"{run.RunId.Value}/a/1#0",
            Agent = "single",
            Priority = 0,
            Deadline = DateTimeOffset.MaxValue,
            Driver = silos.Address,
        });
        await KeepAsync(log, run, reply.Node!);

        await silos.Client.GetGrain<IMatchGrain>("m").WakeAsync();

        RunState? state = null;
        await Limits.EventuallyAsync(
            async () => (state = await log.ReplayAsync(run.RunId))?.Status.IsEnded() == true,
            () => new($"the run is {state?.Status}"));
        Assert.Equal(RunStatus.Completed, state!.Status);
        Assert.Equal(1, Assert.Single(state.Steps[0].Attempts).Losses);
        // And not when the lease of the slot had run out.
        Assert.True(held.Elapsed < OneProcess.Dispatch.LongestOnItsWay, $"it took {held.Elapsed}");
    }

    [Fact]
    public async Task Acquire_WhoDiedHadAskedForAnotherAgentUnderTheSameKey_GetsASlotOfTheOneThatIsAskedFor()
    {
        await using var silos = await TestSilos.StartAsync(
            _cluster, [typeof(Single), typeof(Other)],
            _ => new ClusterEngineOptions { Config = _folder.FullName, GpuMemoryMb = [] }, silos: 1);
        await silos.ReadyAsync();
        var dispatcher = silos.Client.GetGrain<IDispatcherGrain>(0);
        SlotRequest Ask(string key, string agent) => new()
        {
            Slot = key,
            Agent = agent,
            Priority = 0,
            Deadline = DateTimeOffset.MaxValue,
            Driver = silos.Address,
        };
        await dispatcher.GrantedAsync(Ask("run/a/1#0", "single"));
        var waits = dispatcher.AcquireSlotAsync(Ask("run/b/1#0", "single"));
        await Limits.EventuallyAsync(
            async () => (await dispatcher.GetLoadsAsync()).Any(l => l is { Agent: "single", Waiting: 1 }),
            () => new("nobody waits"));

        await dispatcher.GrantedAsync(Ask("run/b/1#0", "other"));
        Assert.Equal(SlotOutcome.Withdrawn, (await waits).Outcome);
        await dispatcher.ReleaseSlotsAsync(["run/b/1#0"]);
        await dispatcher.GrantedAsync(Ask("run/a/1#0", "other"));

        var loads = (await dispatcher.GetLoadsAsync()).ToDictionary(l => l.Agent);
        Assert.Equal((0, 0), (loads["single"].Running, loads["single"].Waiting));
        Assert.Equal((1, 0), (loads["other"].Running, loads["other"].Waiting));
        // A silo that stops waits for attempts that are on their way.
        await dispatcher.ReleaseSlotsAsync(["run/a/1#0"]);
    }

    // As if whoever drove the run had died between the write and the call.
    private static async Task KeepAsync(RedisRunLog log, RunEvent.RunAccepted accepted, string node)
    {
        var plan = PlanReader.ReadJson("plan", Json.Parse("""{"steps":{"a":{"agent":"single"}}}""")).Plan!;
        var routing = new FakeRouting().With("single", "any", slots: 1, timeout: TimeSpan.FromMinutes(10));
        routing.InUse["single"] = 1;
        var state = RunMachine.Evolve(new RunState(plan), accepted);
        Assert.IsType<AcceptOutcome.Kept>(await log.AcceptAsync(accepted, plan, maxRuns: 10));
        foreach (var input in new RunInput[] { RunInput.StartRun.Instance, new RunInput.GrantSlot("a", 1, node) })
        {
            var before = state.Version;
            var events = RunMachine.Decide(state, input, DateTimeOffset.UtcNow, routing, RunLimits.Default).Events;
            Assert.IsType<AppendOutcome.Kept>(
                await log.AppendAsync(state.Id, before, events, RunDetailsBuilder.Summarize(state)));
        }
        Assert.Equal(AttemptStatus.Running, state.Steps[0].Attempts[0].Status);
    }

    [Agent("other")]
    private sealed class Other : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            ValueTask.FromResult(Json.EmptyObject);
    }

    [Agent("single")]
    private sealed class Single : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            ValueTask.FromResult(Json.EmptyObject);
    }
}
