using System.Net.WebSockets;
using System.Text;
using AgentGrid.Cli.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Cli.Tests;

/// <summary>A server that has other data than before: it says so in the feed, with an event of no run.</summary>
public sealed class FeedResetTests
{
    private const string Run = "01a202f6e0647131bc18100a246f23e1";
    private const string Time = "2026-01-01T00:00:00Z";
    private const string Reset =
        $$$"""{"seq":0,"time":"{{{Time}}}","stage":"feed:reset","meta":{"message":"Event 186 is not there."}}""";
    private const string First =
        $$$"""{"seq":1,"time":"{{{Time}}}","run_id":"{{{Run}}}","match_id":"m","round":"1","stage":"started"}""";

    [Fact]
    public async Task Watch_NumberOfOtherData_IsSaidAndGoesOnFromTheBeginning()
    {
        await using var server = await StartAsync(hasRun: false);
        var tool = new Tool(server.Urls.First()).Start("watch", "--after", "186", "--json");

        await tool.PrintedAsync(First);
        var result = await tool.InterruptAsync();

        Assert.Equal([Reset, First], result.Lines);
        Assert.Equal("", result.Error);
    }

    [Fact]
    public async Task WatchOneRun_ThatIsGoneWithTheData_EndsWithThat()
    {
        await using var server = await StartAsync(hasRun: true);

        var result = await new Tool(server.Urls.First()).RunAsync("watch", Run);

        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Contains("Event 186 is not there.", result.Error);
        Assert.Contains("AG2021: There is no such run", result.Error);
    }

    private static async Task<WebApplication> StartAsync(bool hasRun)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.UseWebSockets();
        // There until the feed has told of the other data.
        app.MapGet("/api/v1/runs/{id}", () => hasRun
            ? Results.Text($$"""{"run_id":"{{Run}}","status":"running","steps":[]}""", "application/json")
            : Results.Problem(
                "There is no such run.", statusCode: 404,
                extensions: new Dictionary<string, object?> { ["code"] = "AG2021" }));
        app.MapGet("/api/v1/runs/{id}/events", () =>
            Results.Text("""{"events":[],"next":186,"at_end":true}""", "application/json"));
        app.MapGet("/ws/agents", async (HttpContext context) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            hasRun = false;
            foreach (var text in (string[])[Reset, First])
            {
                await socket.SendAsync(
                    Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, context.RequestAborted);
            }
            await socket.ReceiveAsync(new byte[16], context.RequestAborted);
        });
        await app.StartAsync();
        return app;
    }
}
