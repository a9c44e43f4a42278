using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Conformance.Cast;
using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.GrainInterfaces.Matches;
using AgentGrid.Grains;
using AgentGrid.RunLog;
using StackExchange.Redis;

namespace AgentGrid.Cluster.Tests;

public sealed class SmokeTests
{
    [Fact]
    public async Task Submit_OneStep_Completes()
    {
        using var script = new Script();
        var folder = Directory.CreateTempSubdirectory("agentgrid-smoke-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "agents.yaml"), "agents: {}", TestContext.Current.CancellationToken);
        await using var silos = await TestSilos.StartAsync(
            "smoke", Actors.All, i => new ClusterEngineOptions { Config = folder.FullName, Queues = i == 0 ? null : [] });
        var match = script.NewMatch();

        var reply = await silos.Client.GetGrain<IMatchGrain>(match).SubmitAsync(new SubmitCommand
        {
            Round = "1",
            Input = Json.Parse("{}"),
            InlinePlan = Json.Parse("""{"steps": {"a": {"agent": "alpha"}, "b": {"capability": "work", "mode": "all", "needs": ["a"]}}}"""),
        });

        Assert.True(reply.Outcome == SubmitOutcome.Accepted, reply.ToString());
        var log = new RedisRunLog(
            await SharedRedis.Server.ConnectAsync(), new RunLogOptions { KeyPrefix = "smoke" }, TimeProvider.System);
        RunState? state = null;
        for (var i = 0; i < 200 && state?.Status.IsEnded() != true; i++)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
            state = await log.ReplayAsync(reply.Run!.RunId);
        }
        Assert.Equal(RunStatus.Completed, state!.Status);
    }
}
