using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Conformance;
using AgentGrid.Conformance.Cast;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.GrainInterfaces.Matches;
using AgentGrid.Grains;
using AgentGrid.RunLog;

namespace AgentGrid.Cluster.Tests;

public sealed class SmokeTests
{
    [Fact]
    public async Task Submit_OneStep_Completes()
    {
        using var script = new Script();
        var keys = $"smoke-{Guid.NewGuid():N}";
        var folder = Directory.CreateTempSubdirectory("agentgrid-smoke-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "agents.yaml"), "agents: {}", TestContext.Current.CancellationToken);
        await using var silos = await TestSilos.StartAsync(
            keys, Actors.All, i => new ClusterEngineOptions { Config = folder.FullName, Queues = i == 0 ? null : [] });
        var match = script.NewMatch();

        var reply = await silos.Client.GetGrain<IMatchGrain>(match).SubmitAsync(new SubmitCommand
        {
            Round = "1",
            Input = Json.Parse("{}"),
            InlinePlan = Json.Parse("""{"steps": {"a": {"agent": "alpha"}, "b": {"capability": "work", "mode": "all", "needs": ["a"]}}}"""),
        });

        var run = Assert.IsType<SubmitResult.Accepted>(reply.To<SubmitResult>()).Run;
        await using var redis = await SharedRedis.Server.ConnectAsync();
        var log = new RedisRunLog(redis, new RunLogOptions { KeyPrefix = keys }, TimeProvider.System);
        RunState? state = null;
        await Limits.EventuallyAsync(
            async () => (state = await log.ReplayAsync(run.RunId))?.Status.IsEnded() == true,
            () => new($"the run is {state?.Status}"));
        Assert.Equal(RunStatus.Completed, state!.Status);
        folder.Delete(recursive: true);
        await SharedRedis.ForgetAsync(keys);
    }
}
