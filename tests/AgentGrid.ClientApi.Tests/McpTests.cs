using System.Net;
using AgentGrid.Api.Orchestrate;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace AgentGrid.ClientApi.Tests;

/// <summary>Plans as tools of the Model Context Protocol, for a client of the protocol's own library.</summary>
public sealed class McpTests
{
    private const string Plan = "tactical_motion";
    private const string Secret = "a-key-for-the-tools";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tools_AreThePlans()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await ConnectAsync(server);

        var tool = Assert.Single(await client.ListToolsAsync(cancellationToken: Cancel));

        Assert.Equal(Plan, tool.Name);
        Assert.Contains($"'{Plan}'", tool.Description, StringComparison.Ordinal);
        Assert.Equal("object", tool.JsonSchema.GetProperty("type").GetString());
    }

    [Fact]
    public async Task Tools_OfAPlanWithASchema_AskForWhatItSays()
    {
        await using var server = await TestServer.StartAsync();
        server.Grid.Plan = """
            {"input_schema": {"required": ["text"], "properties": {"text": {"type": "string"}}, "additionalProperties": false}, "steps": {}}
            """;
        await using var client = await ConnectAsync(server);

        var schema = Assert.Single(await client.ListToolsAsync(cancellationToken: Cancel)).JsonSchema;

        Assert.Equal("object", schema.GetProperty("type").GetString());
        Assert.Equal("text", schema.GetProperty("required")[0].GetString());
        Assert.Equal(
            ["text", "match_id", "round"], schema.GetProperty("properties").EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public async Task Call_IsARun_WithItsEventsAsProgressAndItsResultAsTheAnswer()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await ConnectAsync(server);
        var progress = new Reports();

        var calling = client.CallToolAsync(
            Plan, new Dictionary<string, object?> { ["match_id"] = "m", ["round"] = 4, ["text"] = "hello" }, progress,
            cancellationToken: Cancel).AsTask();
        await server.Grid.UntilAsync(g => g.Submitted.Count == 1 && g.Followers == 1);
        var run = await server.Grid.ListRunsAsync(new RunQuery(), Cancel) is var page ? page.Runs[0].RunId : default;
        server.Grid.Publish(run, "perception:start");
        await progress.UntilAsync("perception:start");
        server.Grid.End(run);
        server.Grid.Publish(run, "completed", ends: true);
        var answer = await calling.WaitAsync(TimeSpan.FromMinutes(1), Cancel);

        Assert.NotEqual(true, answer.IsError);
        Assert.Equal("""{"frames":90}""", Assert.IsType<TextContentBlock>(Assert.Single(answer.Content)).Text);
        var submitted = Assert.Single(server.Grid.Submitted);
        Assert.Equal((new RunKey("m", "4"), Plan), (submitted.Key, submitted.Plan));
        Assert.Equal("hello", submitted.Input.Element.GetProperty("text").GetString());
        // What comes in the moment of the answer, a client may drop.
        Assert.Equal((1, "perception:start"), progress.All[0]);
    }

    [Fact]
    public async Task Call_OfARunThatFails_IsAnErrorWithItsReason()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await ConnectAsync(server);

        var calling = client.CallToolAsync(Plan, cancellationToken: Cancel).AsTask();
        await server.Grid.UntilAsync(g => g.Submitted.Count == 1);
        var run = (await server.Grid.ListRunsAsync(new RunQuery(), Cancel)).Runs[0].RunId;
        server.Grid.Update(run, r => r with
        {
            Summary = r.Summary with { Status = RunStatus.Failed, EndedAt = DateTimeOffset.UnixEpoch },
            Error = new RunError(ErrorKind.Error, "no_luck", "not today"),
        });
        var answer = await calling.WaitAsync(TimeSpan.FromMinutes(1), Cancel);

        Assert.True(answer.IsError);
        Assert.Contains("is failed: not today", TextOf(answer), StringComparison.Ordinal);
        Assert.Equal("mcp", server.Grid.Submitted[0].Key.MatchId);
    }

    [Fact]
    public async Task Call_ThatIsRefused_SaysWhy()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await ConnectAsync(server);
        server.Grid.NextSubmit = new SubmitResult.Overloaded(TimeSpan.FromSeconds(1), "20 runs are active or queued.");

        var answer = await client.CallToolAsync(Plan, cancellationToken: Cancel);

        Assert.True(answer.IsError);
        Assert.Equal("20 runs are active or queued.", TextOf(answer));
    }

    [Fact]
    public async Task Call_WhileThereIsNoMemory_IsRefusedAndStartsNothing()
    {
        await using var server = await TestServer.StartAsync(services => services.AddSingleton(
            new MemoryGate(static () => 1_000, static () => { }, 1_000, TimeProvider.System)));
        await using var client = await ConnectAsync(server);

        var answer = await client.CallToolAsync(Plan, cancellationToken: Cancel);

        Assert.True(answer.IsError);
        Assert.Contains("no memory", TextOf(answer), StringComparison.Ordinal);
        Assert.Empty(server.Grid.Submitted);
    }

    [Fact]
    public async Task Call_NoRoomToWait_IsRefusedAndStartsNothing()
    {
        await using var server = await TestServer.StartAsync("--AgentGrid:MaxConcurrentWaits=0");
        await using var client = await ConnectAsync(server);

        var answer = await client.CallToolAsync(Plan, cancellationToken: Cancel);

        Assert.True(answer.IsError);
        Assert.Equal("0 requests are waiting for runs already, which is the limit: try again later.", TextOf(answer));
        Assert.Empty(server.Grid.Submitted);
    }

    [Fact]
    public async Task Call_ThatIsGivenUp_CancelsItsRun()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await ConnectAsync(server);
        using var giveUp = new CancellationTokenSource();

        var calling = client.CallToolAsync(Plan, cancellationToken: giveUp.Token).AsTask();
        await server.Grid.UntilAsync(g => g.Submitted.Count == 1);
        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => calling);
        await server.Grid.UntilAsync(g => g.LastCommand is RunCommand.Cancel { Reason: "given up by the caller of the tool" });
    }

    [Fact]
    public async Task Endpoint_TakesAKeyThatMaySubmit()
    {
        await using var server = await TestServer.StartAsync(
            "--AgentGrid:ApiKeys:0:Name=bot", $"--AgentGrid:ApiKeys:0:Hash={KeyHash.Of(Secret)}");
        using var refused = await server.PostAsync("/mcp", """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);

        await using var client = await ConnectAsync(server, Secret);
        server.Grid.NextSubmit = new SubmitResult.Unavailable("stopping");
        await client.CallToolAsync(Plan, cancellationToken: Cancel);

        Assert.Equal("bot", Assert.Single(server.Grid.Submitted).Tenant);
    }

    private static string TextOf(CallToolResult answer) =>
        Assert.IsType<TextContentBlock>(Assert.Single(answer.Content)).Text;

    private static Task<McpClient> ConnectAsync(TestServer server, string? key = null) => McpClient.CreateAsync(
        new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri(server.Http.BaseAddress!, "/mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = key is null ? null : new Dictionary<string, string> { ["X-Api-Key"] = key },
        }), cancellationToken: Cancel);

    private sealed class Reports : IProgress<ProgressNotificationValue>
    {
        private readonly List<(int, string)> _all = [];

        public (int, string)[] All
        {
            get
            {
                lock (_all)
                {
                    return [.. _all];
                }
            }
        }

        public void Report(ProgressNotificationValue value)
        {
            lock (_all)
            {
                _all.Add(((int)value.Progress, value.Message!));
            }
        }

        public Task UntilAsync(string message) => Limits.UntilAsync(
            () => Task.FromResult(All.Any(r => r.Item2 == message)), () => $"there is no progress '{message}'");
    }
}
