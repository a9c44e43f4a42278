using System.Text.RegularExpressions;
using AgentGrid.Api.Hosting;
using AgentGrid.Conformance;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Silo;
using AgentGrid.Silo.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using MyService;

namespace AgentGrid.Cluster.Tests.Readme;

/// <summary>What docs/dotnet.md shows of a service that asks the cluster is what is compiled here, and it works.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void ServiceExample_IsTheCompiledOne()
    {
        var compiled = Repository.Read("tests", "AgentGrid.Cluster.Tests", "Readme", "Rounds.cs");

        var shown = Regex.Matches(Repository.Read("docs", "dotnet.md"), "```csharp\n(.*?)```", RegexOptions.Singleline)
            .Select(m => m.Groups[1].Value).Single(b => b.Contains("AddAgentGridClient", StringComparison.Ordinal));

        Assert.Equal(compiled.Trim(), shown.Trim());
    }

    [Fact]
    public async Task ServiceExample_WithASilo_PlaysARound()
    {
        await using var redis = await RedisServer.StartAsync("--appendonly", "no");
        await using var silo = await StartSiloAsync($"127.0.0.1:{redis.Port}");
        using var service = Rounds.Build([$"--Redis=127.0.0.1:{redis.Port}", "--Logging:LogLevel:Default=None"]);
        await service.StartAsync(TestContext.Current.CancellationToken);
        var grid = service.Services.GetRequiredService<IAgentGrid>();
        await Limits.EventuallyAsync(
            async () => await grid.GetHealthAsync() is { Ready: true, Problems.IsEmpty: true },
            async () => string.Join('\n', (await grid.GetHealthAsync()).Problems));
        var rounds = service.Services.GetRequiredService<Rounds>();
        var key = new RunKey("match_123", "round_5");
        var snapshot = new { Players = new[] { new { Id = "p1", Role = "entry" } } };

        var run = await rounds.PlayAsync(key, snapshot, TestContext.Current.CancellationToken);
        var again = await rounds.PlayAsync(key, snapshot, TestContext.Current.CancellationToken);

        Assert.Equal(RunStatus.Completed, run!.Summary.Status);
        Assert.Equal(run.Summary.RunId, again!.Summary.RunId);
        await service.StopAsync(TestContext.Current.CancellationToken);
        await silo.StopAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<WebApplication> StartSiloAsync(string redis)
    {
        var serve = Assert.IsType<CommandLine.Serve>(CommandLine.Parse(
        [
            "--role", "silo", "--redis", redis, "--queues", "general", "--config", Repository.PathOf("config"),
            "--Logging:LogLevel:Default", "None",
        ], SiloCommandLine.Syntax));
        var composition = ClusterComposition.Create();
        var silo = ApiServer.Build(serve, composition);
        await composition.Prepare(silo);
        await silo.StartAsync(TestContext.Current.CancellationToken);
        return silo;
    }
}
