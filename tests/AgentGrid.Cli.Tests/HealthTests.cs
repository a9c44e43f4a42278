using System.Diagnostics;
using AgentGrid.Cli.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Cli.Tests;

/// <summary><c>health</c>: what the server complains of.</summary>
public sealed class HealthTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Health_ChangeThatIsRefused_IsNamedWithItsLineUntilItIsMended()
    {
        var file = _scratch.Write("agents.yaml", "agents:\n  echo: { max_concurrency: 3 }\n");
        await using var host = new GridHost { Config = Path.GetDirectoryName(file)! };
        await host.InitializeAsync();

        var well = await host.Tool().RunAsync("health");
        _scratch.Write("agents.yaml", "agents:\n  echo: { max_concurency: 3 }\n");
        var unwell = await UntilAsync(host, ExitCode.NotWell);
        var json = await host.Tool().RunAsync("health", "--json");
        _scratch.Write("agents.yaml", "agents:\n  echo: { max_concurrency: 4 }\n");

        Assert.Equal((ExitCode.Ok, "status   ok"), (well.Exit, well.Lines[0]));
        Assert.Equal("status   degraded", unwell.Lines[0]);
        Assert.StartsWith("problem  The changed configuration is refused: agents.yaml(2,11): AG1002: ", unwell.Lines[^1]);
        Assert.Equal((ExitCode.NotWell, "degraded"), (json.Exit, json.Json.GetProperty("status").GetString()));
        var mended = await UntilAsync(host, ExitCode.Ok);
        Assert.Equal("changed  agent 'echo' max_concurrency 3 -> 4", mended.Lines[^1]);
    }

    [Fact]
    public async Task Health_ServerThatIsUnavailable_SaysWhyRatherThanThatItRefuses()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var server = builder.Build();
        server.MapGet("/health", () => Results.Text(
            """
            {"status": "unavailable", "engine": "embedded", "ready": false, "problems": ["The disk is full."],
             "active_runs": 2, "queued_runs": 1, "last_seq": 9, "open_feeds": 0, "drained_agents": ["flaky"], "config": {"problems": []}, "version": "1.0.0"}
            """, "application/json", statusCode: 503));
        await server.StartAsync();

        var result = await new Tool(server.Urls.First()).RunAsync("health");

        Assert.Equal(ExitCode.NotWell, result.Exit);
        Assert.Equal("status   unavailable", result.Lines[0]);
        Assert.Equal("runs     2 active, 1 queued", result.Lines[2]);
        Assert.Contains("drained  flaky", result.Lines);
        Assert.Equal("problem  The disk is full.", result.Lines[^1]);
    }

    // The server looks at its files once a second.
    private static async Task<ToolResult> UntilAsync(GridHost host, int exit)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var result = await host.Tool().RunAsync("health");
            if (result.Exit == exit)
            {
                return result;
            }
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), result.Out);
        }
    }
}
