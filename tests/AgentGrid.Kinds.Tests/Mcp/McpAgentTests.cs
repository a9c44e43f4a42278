using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Mcp;
using AgentGrid.Kinds.Tests.Http;
using AgentGrid.Kinds.Tests.Process;
using AgentGrid.TestKit;
using Microsoft.AspNetCore.Http;

namespace AgentGrid.Kinds.Tests.Mcp;

/// <summary>An attempt by a tool of a server that is reached over HTTP.</summary>
public sealed class McpAgentTests : IAsyncLifetime
{
    private FakeService _service = null!;

    public async ValueTask InitializeAsync() => _service = await FakeService.StartAsync();

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Invoke_StructuredContent_IsTheOutputAsItWasWritten()
    {
        Raw("""{"content":[{"type":"text","text":"no"}],"structuredContent":{"x":1.10}}""");
        await using var agent = Agent();

        Assert.Equal("""{"x":1.10}""", (await agent.RunAsync("""{"query":"a","n":2.50}""")).ToString());

        var call = Calls().Single();
        Assert.Equal("work", call.GetProperty("name").GetString());
        Assert.Equal("""{"query":"a","n":2.50}""", call.GetProperty("arguments").GetRawText());
        var meta = call.GetProperty("_meta");
        Assert.Equal("01a202f6e0647131bc18100a246f23e1/step/2", meta.GetProperty("agentgrid/idempotency_key").GetString());
        Assert.Equal("01a202f6e0647131bc18100a246f23e1", meta.GetProperty("agentgrid/run").GetString());
    }

    [Theory]
    [InlineData("""[{"type":"text","text":"{\"a\": 1}"}]""", """{"a": 1}""")]
    [InlineData("""[{"type":"text","text":"it is so"}]""", "\"it is so\"")]
    [InlineData("""[{"type":"text","text":"1"},{"type":"text","text":"2"}]""", "\"1\\n2\"")]
    [InlineData("[]", "null")]
    [InlineData("""[{"type":"image","data":"AAAA","mimeType":"image/png"}]""", """{"content":[{"type":"image","data":"AAAA","mimeType":"image/png"}]}""")]
    public async Task Invoke_Content_IsTheOutput(string content, string output)
    {
        Raw($$"""{"content":{{content}} }""");
        await using var agent = Agent();
        Assert.Equal(output, (await agent.RunAsync()).ToString());
    }

    [Fact]
    public async Task Invoke_Arguments_AreThePartOfTheInputThatIsNamed()
    {
        Answers((context, call) => FakeTools.Text(call, "done")(context));
        await using var agent = Agent("arguments: input.ask");
        await agent.RunAsync("""{"ask":{"q":1},"match_id":"m"}""");
        Assert.Equal("""{"q":1}""", Calls().Single().GetProperty("arguments").GetRawText());

        var error = await agent.FailAsync("""{"ask":[1]}""");
        Assert.Equal(("bad_input", false), (error.Code, error.Retryable));
        Assert.Contains("a tool takes an object, but 'input.ask' is [1]", error.Message);
    }

    [Fact]
    public async Task Invoke_ToolThatFails_FailsInItsWordsForGood()
    {
        Answers((context, call) => FakeTools.Result(call, new { isError = true, content = new[] { new { type = "text", text = "no such city" } } })(context));
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal(("tool_error", false), (error.Code, error.Retryable));
        Assert.EndsWith("failed: no such city", error.Message);
    }

    [Theory]
    [InlineData(-32602, "bad_input", false)]
    [InlineData(-32601, "no_tool", false)]
    [InlineData(-32600, "mcp_error", false)]
    [InlineData(-32603, "mcp_error", true)]
    [InlineData(-32000, "mcp_error", true)]
    public async Task Invoke_ErrorOfTheProtocol_IsTheFailure(int number, string code, bool retryable)
    {
        Answers((context, call) => FakeTools.Error(call, number, "that is wrong")(context));
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal((code, retryable), (error.Code, error.Retryable));
        Assert.Contains("that is wrong", error.Message);
    }

    [Fact]
    public async Task Invoke_PersonThatIsNeeded_IsSaidWithTheAddress()
    {
        Answers((context, call) => FakeTools.Error(call, -32042, "log in first", new
        {
            elicitations = new[] { new { mode = "url", elicitationId = "e1", url = "https://login.example.com/x", message = "Log in." } },
        })(context));
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal(("needs_person", false), (error.Code, error.Retryable));
        Assert.Contains("https://login.example.com/x", error.Message);
    }

    [Theory]
    [InlineData(429, true)]
    [InlineData(503, true)]
    [InlineData(401, false)]
    [InlineData(404, false)]
    public async Task Invoke_Status_IsTheFailureAndIsNotTriedAgainHere(int status, bool retryable)
    {
        Answers((context, _) => FakeService.With(status, "<html>no</html>", "text/html", ("Retry-After", "7"))(context));
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal(($"http_{status}", retryable), (error.Code, error.Retryable));
        Assert.Equal(status == 404 ? null : TimeSpan.FromSeconds(7), error.RetryAfter);
        Assert.Single(Calls());
    }

    [Fact]
    public async Task Invoke_PageForBrowsers_IsNoAnswer()
    {
        Answers((context, _) => FakeService.With(200, "<html></html>", "text/html")(context));
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal(("bad_answer", false), (error.Code, error.Retryable));
        Assert.Contains("answered with 'text/html'", error.Message);
    }

    [Fact]
    public async Task Invoke_TooLarge_FailsForGood()
    {
        Answers((context, call) => FakeTools.Text(call, new string('x', 1_000_000))(context));
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal(("output_too_large", false), (error.Code, error.Retryable));
    }

    [Fact]
    public async Task Progress_IsReportedAsAShare()
    {
        Answers((context, call) => FakeService.With(
            200, FakeTools.Progress(call, 3, 4, "nearly") + FakeTools.Progress(call, 9) + FakeTools.End(call, 1), "text/event-stream")(context));
        await using var agent = Agent();
        var reports = new Reports();
        await agent.RunAsync(progress: reports);
        Assert.Equal([(0.75, "nearly"), (0, null)], reports.All);
    }

    [Fact]
    public async Task Cancel_EndsTheRequestAndTellsAServerThatKeepsSessions()
    {
        var aborted = new TaskCompletionSource();
        Answers(async (context, call) =>
        {
            context.RequestAborted.Register(aborted.SetResult);
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(FakeTools.Progress(call, 1));
            await context.Response.Body.FlushAsync();
            await aborted.Task;
        });
        await using var agent = Agent();
        using var cancellation = new CancellationTokenSource();
        var reports = new Reports();
        var running = agent.InvokeAsync(Programs.Invocation("{}", reports), cancellation.Token).AsTask();
        await reports.First;

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running).WaitAsync(Agents.Soon);
        await aborted.Task.WaitAsync(Agents.Soon);
        var told = Messages("notifications/cancelled").Single();
        Assert.Equal(Messages("tools/call").Single().GetProperty("id").GetRawText(), told.GetProperty("params").GetProperty("requestId").GetRawText());
    }

    [Fact]
    public async Task WarmUp_ToolThatIsNotThere_IsNamedWithTheOthersAndNothingIsCalled()
    {
        _service.Respond = FakeTools.With((_, _) => throw new InvalidOperationException(), tool: "search");
        await using var agent = Agent();
        var error = await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        Assert.Equal(("no_tool", false), (error.Code, error.Retryable));
        Assert.EndsWith("has no tool 'work': it has 'search'.", error.Message);
        Assert.Equal(AgentHealth.Unhealthy(error.Message), agent.Health);
        Assert.Empty(Messages("tools/call"));
    }

    [Fact]
    public async Task Health_ServerThatGoesAndComesBack_IsSeenWithoutAnAttempt()
    {
        Answers((context, call) => FakeTools.Text(call, "1")(context));
        var port = new Uri(_service.Url).Port;
        await using var agent = Agent();
        await agent.WarmUpAsync(default);
        Assert.Equal(AgentHealth.Healthy, agent.Health);
        await _service.DisposeAsync();
        var error = await agent.FailAsync();
        Assert.Contains(error.Code, new[] { "connection_failed", "connection_lost" });
        if (error.Code == "connection_lost")
        {
            Assert.Equal("connection_failed", (await agent.FailAsync()).Code); // a connection that was still kept
        }
        Assert.Equal(AgentCondition.Unhealthy, agent.Health.Condition);

        _service = await FakeService.StartAsync(FakeTools.With((context, call) => FakeTools.Text(call, "2")(context)), port);

        await Limits.UntilAsync(() => agent.Health == AgentHealth.Healthy, () => "not healthy again");
        Assert.Equal("2", (await agent.RunAsync()).ToString());
    }

    [Fact]
    public async Task Session_ThatTheServerForgot_IsBegunAnewWithinTheAttempt()
    {
        var session = "one";
        var answer = FakeTools.With((context, call) => FakeTools.Text(call, "1")(context));
        _service.Respond = async context =>
        {
            var isBeginning = SeenRequest.Of(context).Body.Contains("\"initialize\"", StringComparison.Ordinal);
            context.Response.Headers["Mcp-Session-Id"] = session;
            var known = context.Request.Headers["Mcp-Session-Id"].ToString();
            await (isBeginning || known.Length == 0 || known == session ? answer(context) : FakeService.With(404)(context));
        };
        await using var agent = Agent();
        await agent.RunAsync();
        session = "two";

        Assert.Equal("1", (await agent.RunAsync()).ToString());

        Assert.Equal(["one", "one", "two"], _service.Requests.Where(r => r.Body.Contains("tools/call", StringComparison.Ordinal)).Select(r => r.Headers["Mcp-Session-Id"]));
    }

    [Fact]
    public async Task Secrets_AreLookedUpForEveryRequestAndNeverShown()
    {
        Environment.SetEnvironmentVariable("TEST_OF_MCP_TOKEN", "first-s3cret");
        Answers((context, call) => FakeTools.Text(call, "1")(context));
        await using var agent = Agent("""headers: { Authorization: "Bearer ${env:TEST_OF_MCP_TOKEN}" }""");
        await agent.RunAsync();
        Environment.SetEnvironmentVariable("TEST_OF_MCP_TOKEN", "second-s3cret");
        Answers((context, call) => FakeTools.Result(call, new { isError = true, content = new[] { new { type = "text", text = "second-s3cret is wrong" } } })(context));

        var error = await agent.FailAsync();

        Assert.EndsWith("failed: ${env:TEST_OF_MCP_TOKEN} is wrong", error.Message);
        Assert.Equal("Bearer second-s3cret", _service.Requests.Last().Headers["Authorization"]);
    }

    private void Answers(Func<HttpContext, JsonElement, Task> call) => _service.Respond = FakeTools.With(call);

    private void Raw(string result) => Answers((context, call) => FakeService.With(
        200, $$"""{"jsonrpc":"2.0","id":{{call.GetProperty("id").GetRawText()}},"result":{{result}} }""")(context));

    private IKindAgent Agent(string keys = "") =>
        Agents.Of(new McpKind(), $"kind: mcp, url: \"{_service.Url}/mcp\", tool: work{(keys.Length > 0 ? ", " : "")}{keys}");

    private IEnumerable<JsonElement> Messages(string method) => _service.Requests.Where(r => r.Method == "POST")
        .Select(r => JsonElement.Parse(r.Body)).Where(m => m.GetProperty("method").GetString() == method);

    private JsonElement[] Calls() => [.. Messages("tools/call").Select(m => m.GetProperty("params"))];
}
