using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Kinds.Tests.Http;
using AgentGrid.Kinds.Tests.Mcp;
using AgentGrid.Kinds.Tests.Process;
using Microsoft.AspNetCore.Http;
using static AgentGrid.Kinds.Tests.Chat.FakeModel;

namespace AgentGrid.Kinds.Tests.Chat;

/// <summary>What a model may call in the middle of its answer.</summary>
public sealed class ChatToolsTests : IAsyncLifetime
{
    private const string WithAgents = "tools: { agents: [search, sums] }";

    private readonly FakeCalls _calls = new();
    private readonly ConcurrentQueue<RequestDelegate> _answers = new();
    private FakeService _service = null!;

    public async ValueTask InitializeAsync() => _service = await FakeService.StartAsync(
        context => _answers.TryDequeue(out var answer) ? answer(context) : Streams("done")(context));

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Tools_AreOfferedAsTheirAgentsSay()
    {
        await using var agent = Agent(WithAgents);
        await RunAsync(agent);
        var tools = _service.Asked().GetProperty("tools").EnumerateArray().Select(t => t.GetProperty("function")).ToArray();
        Assert.Equal(["search", "sums"], tools.Select(t => t.GetProperty("name").GetString()));
        Assert.Equal("Looks things up.", tools[0].GetProperty("description").GetString());
        Assert.Equal("string", tools[0].GetProperty("parameters").GetProperty("properties").GetProperty("q").GetProperty("type").GetString());
        Assert.Equal("object", tools[1].GetProperty("parameters").GetProperty("type").GetString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Calls_AreAnsweredToTheModel_AndAllIsCounted(bool stream)
    {
        _answers.Enqueue(stream ? Calls(("search", """{"q":"zwölf"}"""), ("sums", """{"n":1.50}""")) : CallsAtOnce("search", """{"q":"zwölf"}"""));
        _answers.Enqueue(stream ? Streams("it is so") : Says("it is so"));
        _calls.Answer = (name, input) => name == "search" ? Json.From("a text") : input;
        await using var agent = Agent(WithAgents, stream);
        var reports = new Reports();

        var output = (await RunAsync(agent, reports)).Element;

        Assert.Equal("it is so", output.GetProperty("text").GetString());
        Assert.Equal(stream ? 2 : 1, output.GetProperty("usage").GetProperty("tool_calls").GetInt32());
        Assert.Equal((22, 6), (output.GetProperty("usage").GetProperty("input_tokens").GetInt32(), output.GetProperty("usage").GetProperty("output_tokens").GetInt32()));
        var messages = _service.Asked().GetProperty("messages").EnumerateArray().ToArray();
        Assert.Equal(
            stream ? ["user", "assistant", "tool", "tool"] : ["user", "assistant", "tool"], messages.Select(m => m.GetProperty("role").GetString()));
        Assert.Equal("a text", messages[2].GetProperty("content").GetString());
        Assert.Equal("c0", messages[2].GetProperty("tool_call_id").GetString());
        Assert.Equal("zwölf", _calls.Made.First(m => m.Name == "search").Input.Element.GetProperty("q").GetString());
        Assert.Contains(reports.All, r => r.Message == "calls search (1 of at most 10 calls)");
    }

    [Theory]
    [InlineData("search", "{}", "This call failed with 'broken': it is broken")]
    [InlineData("serch", "{}", "This call failed with 'no_tool': There is no tool 'serch'; there are search, sums.")]
    [InlineData("search", "{\"q\":", "This call failed with 'bad_arguments': ")]
    public async Task CallThatFails_TellsTheModelAndTheRunGoesOn(string tool, string arguments, string said)
    {
        _answers.Enqueue(Calls((tool, arguments)));
        _calls.Answer = (_, _) => throw new AgentException("broken", "it is broken");
        await using var agent = Agent(WithAgents);
        Assert.Equal("done", (await RunAsync(agent)).Element.GetProperty("text").GetString());
        Assert.StartsWith(said, _service.Asked().GetProperty("messages")[2].GetProperty("content").GetString());
    }

    [Fact]
    public async Task TooManyCalls_FailTheAttemptForGoodBeforeTheyAreMade()
    {
        for (var i = 0; i < 5; i++)
        {
            _answers.Enqueue(Calls(("search", "{}"), ("search", "{}")));
        }
        await using var agent = Agent("tools: { agents: [search], max_calls: 3 }");
        var error = await Assert.ThrowsAsync<AgentException>(() => RunAsync(agent));
        Assert.Equal(("too_many_calls", false), (error.Code, error.Retryable));
        Assert.Contains("wanted to call 2 more tools after 2, but may call 3: raise 'max_calls', or ask for less.", error.Message);
        Assert.Equal(2, _calls.Made.Count);
    }

    [Fact]
    public async Task Cancel_ReachesTheTool()
    {
        _answers.Enqueue(Calls(("search", "{}")));
        _calls.Waits = true;
        await using var agent = Agent(WithAgents);
        using var cancellation = new CancellationTokenSource();
        var running = agent.InvokeAsync(Invocation(), cancellation.Token).AsTask();
        await _calls.Called.Task.WaitAsync(Agents.Soon);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running).WaitAsync(Agents.Soon);
        await _calls.Cancelled.Task.WaitAsync(Agents.Soon);
    }

    [Fact]
    public async Task Servers_OfferTheirTools_AndAreCalledWithAKeyOfTheirOwn()
    {
        await using var tools = await FakeService.StartAsync(FakeTools.With((context, call) => FakeTools.Text(call, "from afar")(context)));
        _answers.Enqueue(Calls(("work", """{"x":1}""")));
        await using var agent = Agent($"tools: {{ mcp: [{{ url: \"{tools.Url}/mcp\" }}] }}");
        await RunAsync(agent);
        Assert.Equal("Does what it is told.", _service.Asked().GetProperty("tools")[0].GetProperty("function").GetProperty("description").GetString());
        Assert.Equal("from afar", _service.Asked().GetProperty("messages")[2].GetProperty("content").GetString());
        var called = tools.Requests.Select(r => r.Body).Single(b => b.Contains("tools/call", StringComparison.Ordinal));
        Assert.Equal(
            "01a202f6e0647131bc18100a246f23e1/step/2/1",
            JsonElement.Parse(called).GetProperty("params").GetProperty("_meta").GetProperty("agentgrid/idempotency_key").GetString());
    }

    [Fact]
    public async Task Servers_ToolsThatAreNotNamed_AreNotOffered()
    {
        await using var tools = await FakeService.StartAsync(FakeTools.With((context, call) => FakeTools.Text(call, "no")(context)));
        await using var agent = Agent($"tools: {{ agents: [search], mcp: [{{ url: \"{tools.Url}/mcp\", only: [other] }}] }}");
        await RunAsync(agent);
        Assert.Equal("search", Assert.Single(_service.Asked().GetProperty("tools").EnumerateArray()).GetProperty("function").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Servers_ThatAreNotThere_FailTheAttempt()
    {
        await using var agent = Agent("tools: { mcp: [{ command: [sh, -c, exit 3] }] }");
        var error = await Assert.ThrowsAsync<AgentException>(() => RunAsync(agent));
        Assert.Equal(("process_unavailable", true), (error.Code, error.Retryable));
        Assert.Empty(_service.Requests);
    }

    [Fact]
    public async Task Calls_AreSpansBelowTheAttempt()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name == GridInstruments.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        _answers.Enqueue(Calls(("search", "{}")));
        await using var agent = Agent(WithAgents);
        var invocation = Invocation();
        invocation.TraceParent = "00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203331-01";
        Activity.Current = null;

        await agent.InvokeAsync(invocation, default);

        var span = Assert.Single(spans, s => s.OperationName == "execute_tool search" && s.TraceId.ToHexString() == "0af7651916cd43dd8448eb211c80319d");
        Assert.Equal("execute_tool", span.GetTagItem("gen_ai.operation.name"));
        Assert.Equal("c0", span.GetTagItem("gen_ai.tool.call.id"));
        Assert.Equal("invoke_agent tested", Assert.Single(spans, s => s.SpanId == span.ParentSpanId).OperationName);
    }

    private static RequestDelegate CallsAtOnce(string tool, string arguments) => FakeService.With(200, $$$"""
        {"id":"1","object":"chat.completion","created":1,"model":"served-1","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant",
        "content":null,"tool_calls":[{"id":"c0","type":"function","function":{"name":"{{{tool}}}","arguments":{{{JsonSerializer.Serialize(arguments)}}} } }]} }],"usage":{{{Usage}}} }
        """);

    // Read alone, the other agents are not there, and that is said: what the kind makes of it is the same.
    private IKindAgent Agent(string tools, bool stream = true)
    {
        var result = Core.Config.ConfigReader.Read(
            [new Core.Documents.ConfigFile("agents.yaml", $$"""
                agents:
                  tested: { kind: chat, model: m-1, endpoint: "{{_service.Url}}/v1", stream: {{(stream ? "true" : "false")}}, {{tools}} }
                  search: { kind: http, url: "http://127.0.0.1:1" }
                  sums: { kind: http, url: "http://127.0.0.1:1" }
                """)],
            AgentCatalog.Empty.With(new AgentGrid.Kinds.Chat.ChatKind(), new AgentGrid.Kinds.Http.HttpKind()));
        Assert.Empty(result.Problems);
        return new AgentGrid.Kinds.Chat.ChatKind().Create(result.Config!.Agents["tested"], Agents.Context(100_000, log: null));
    }

    private AgentInvocation Invocation(IAgentProgress? progress = null)
    {
        var invocation = Programs.Invocation("{}", progress);
        invocation.Calls = _calls;
        return invocation;
    }

    private async Task<Json> RunAsync(IKindAgent agent, IAgentProgress? progress = null) =>
        await agent.InvokeAsync(Invocation(progress), default).AsTask().WaitAsync(Agents.Soon);

    private sealed class FakeCalls : IAgentCalls
    {
        public ConcurrentQueue<(string Name, Json Input)> Made { get; } = new();

        public Func<string, Json, Json> Answer { get; set; } = (_, input) => input;

        public bool Waits { get; set; }

        public TaskCompletionSource Called { get; } = new();

        public TaskCompletionSource Cancelled { get; } = new();

        public AgentConfig? Find(string agent) => agent == "search"
            ? new AgentConfig
            {
                Name = agent,
                Description = "Looks things up.",
                InputSchema = Json.Parse("""{"type":"object","properties":{"q":{"type":"string"}}}"""),
            }
            : new AgentConfig { Name = agent };

        public async ValueTask<Json> CallAsync(string agent, Json input, CancellationToken cancellationToken)
        {
            Made.Enqueue((agent, input));
            Called.TrySetResult();
            if (Waits)
            {
                await using var told = cancellationToken.Register(Cancelled.SetResult);
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            return Answer(agent, input);
        }
    }
}
