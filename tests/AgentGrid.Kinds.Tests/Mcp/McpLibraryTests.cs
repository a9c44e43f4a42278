using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Mcp;
using AgentGrid.Kinds.Tests.Http;
using AgentGrid.Kinds.Tests.Process;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace AgentGrid.Kinds.Tests.Mcp;

/// <summary>A tool of a server that is made with the protocol's own library, of its newest version, which keeps no sessions.</summary>
public sealed class McpLibraryTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication _app = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddMcpServer().WithHttpTransport()
            .WithListToolsHandler((_, _) => ValueTask.FromResult(new ListToolsResult
            {
                Tools = [new Tool { Name = "work", InputSchema = JsonElement.Parse("""{"type":"object"}""") }],
            }))
            .WithCallToolHandler(async (request, cancellationToken) =>
            {
                await request.Server.NotifyProgressAsync(
                    request.Params!.ProgressToken!.Value, new ProgressNotificationValue { Progress = 1, Total = 2, Message = "half" },
                    cancellationToken: cancellationToken);
                if (request.Params.Arguments!.ContainsKey("wait"))
                {
                    await using var told = cancellationToken.Register(_cancelled.SetResult);
                    await _cancelled.Task;
                }
                return new CallToolResult { StructuredContent = JsonSerializer.SerializeToElement(request.Params.Arguments) };
            });
        _app = builder.Build();
        _app.MapMcp("/mcp");
        await _app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    [Fact]
    public async Task Call_HasProgressAndAnOutput()
    {
        await using var agent = Agent();
        await agent.WarmUpAsync(default);
        var reports = new Reports();
        Assert.Equal("""{"x":1}""", (await agent.RunAsync("""{"x":1}""", reports)).ToString());
        Assert.Equal((0.5, "half"), Assert.Single(reports.All));
    }

    [Fact]
    public async Task Cancel_ReachesTheTool()
    {
        await using var agent = Agent();
        using var cancellation = new CancellationTokenSource();
        var reports = new Reports();
        var running = agent.InvokeAsync(Programs.Invocation("""{"wait":true}""", reports), cancellation.Token).AsTask();
        await reports.First;
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running).WaitAsync(Agents.Soon);
        await _cancelled.Task.WaitAsync(Agents.Soon);
    }

    private IKindAgent Agent() => Agents.Of(new McpKind(), $"kind: mcp, url: \"{_app.Urls.First()}/mcp\", tool: work");
}
