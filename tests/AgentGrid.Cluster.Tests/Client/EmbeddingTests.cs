using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Cluster.Tests.Silo;
using AgentGrid.Conformance;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.GrainClient;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Cluster.Tests.Client;

/// <summary>A .NET program that uses the cluster.</summary>
public sealed class EmbeddingTests : IAsyncLifetime
{
    private readonly string _cluster = $"embedding-{Guid.NewGuid():N}";

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await SharedRedis.ForgetAsync(_cluster);

    [Fact]
    public async Task AddAgentGridClient_TwiceInAHost_GivesItTheCluster()
    {
        await using var silo = await SiloProgram.StartAsync(_cluster, "--role", "silo");
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAgentGridClient(SharedRedis.Address, o => o.ClusterId = _cluster);
        builder.Services.AddAgentGridClient(SharedRedis.Address);
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        var grid = Assert.Single(host.Services.GetServices<IAgentGrid>());
        await Limits.EventuallyAsync(
            async () => await grid.GetHealthAsync() is { Ready: true, Problems.IsEmpty: true },
            async () => string.Join('\n', (await grid.GetHealthAsync()).Problems));

        // Live from before the first event on: followed until the run has ended.
        await using var live = grid.FollowAsync(new FeedQuery(After: null)).GetAsyncEnumerator();
        var first = live.MoveNextAsync();
        var submitted = await grid.SubmitAsync(new SubmitRun(
            new RunKey("m", "1"), Json.Parse("""{"match_id": "m", "round": "1", "word": "hello"}"""),
            InlinePlan: Json.Parse("""{"steps": {"only": {"agent": "echo"}}}""")));
        var run = Assert.IsType<SubmitResult.Accepted>(submitted).Run;
        var ended = await grid.WaitForEndAsync(run.RunId, Limits.Patience);

        Assert.Equal(RunStatus.Completed, ended!.Summary.Status);
        var seen = new List<FeedEvent>();
        for (var more = await first; more; more = await live.MoveNextAsync())
        {
            seen.AddRange(live.Current);
            if (seen[^1].EndsRun)
            {
                break;
            }
        }
        var kept = await grid.ReadEventsAsync(new FeedQuery(RunId: run.RunId));
        Assert.Equal(kept.Events.Select(e => e.Seq), seen.Select(e => e.Seq));
        Assert.IsType<CommandResult.Refused>(await grid.CancelAsync(run.RunId));
        Assert.Contains(await grid.GetAgentsAsync(), a => a.Config.Name == "echo");
        Assert.Single(await grid.GetNodesAsync());
        Assert.Equal("echo", (await grid.RouteAsync(new RouteQuery([], "echo"))).Agent);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("", 4_096, "host:port")]
    [InlineData("127.0.0.1:1", 0, "FeedBuffer")]
    public async Task AddAgentGridClient_BadOptions_AreRefusedWithTheReason(string redis, int feedBuffer, string reason)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAgentGridClient(redis, o => o.FeedBuffer = feedBuffer);
        using var host = builder.Build();

        var refused = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartAsync_RedisAway_SaysSo()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAgentGridClient("127.0.0.1:1");
        using var host = builder.Build();

        var refused = await Assert.ThrowsAsync<GridUnavailableException>(
            () => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains("127.0.0.1:1", refused.Message, StringComparison.Ordinal);
    }
}
