using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Chat;
using AgentGrid.Kinds.Tests.Http;
using AgentGrid.Kinds.Tests.Process;
using AgentGrid.TestKit;
using Microsoft.AspNetCore.Http;
using static AgentGrid.Kinds.Tests.Chat.FakeModel;

namespace AgentGrid.Kinds.Tests.Chat;

/// <summary>An attempt by a model, in every way in which it can end.</summary>
public sealed class ChatAgentTests : IAsyncLifetime
{
    private const string Full = """{"text":"hello","usage":{"input_tokens":11,"output_tokens":3,"cached_input_tokens":5,"reasoning_tokens":2},"model":"served-1","finish_reason":"stop"}""";

    private FakeService _service = null!;

    public async ValueTask InitializeAsync() => _service = await FakeService.StartAsync(Streams("hel", "lo"));

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Invoke_StreamedAnswer_IsTheOutputWithItsCostAndReportsProgress()
    {
        await using var agent = _service.Agent("max_output_tokens: 4");
        var reports = new Reports();
        Assert.Equal(Full, (await agent.RunAsync("{}", reports)).ToString());
        Assert.Equal([(0.25, "about 1 tokens"), (0.5, "about 2 tokens")], reports.All);
        Assert.True(_service.Asked().GetProperty("stream").GetBoolean());
        Assert.True(_service.Asked().GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
    }

    [Fact]
    public async Task Invoke_AnswerAtOnce_IsTheSameOutput()
    {
        _service.Respond = Says("hello");
        await using var agent = _service.Agent("stream: false");
        var invocation = Programs.Invocation("{}");
        Assert.Equal(Full, (await agent.InvokeAsync(invocation, default)).ToString());
        Assert.Equal(14, invocation.Tokens);
        Assert.False(_service.Asked().TryGetProperty("stream", out _));
    }

    [Fact]
    public async Task Invoke_ValueAlone_IsTheText()
    {
        await using var agent = _service.Agent("output: value");
        Assert.Equal("\"hello\"", (await agent.RunAsync()).ToString());
    }

    [Fact]
    public async Task Invoke_Request_HasWhatIsConfigured()
    {
        Environment.SetEnvironmentVariable("TEST_OF_CHAT_KEY", "k-s3cret");
        await using var agent = _service.Agent("""
            api_key: "${env:TEST_OF_CHAT_KEY}", headers: { X-Title: Grid }, system: "You answer {{ input.who }}.", prompt: "{{{{ {{input.text}} {{ input.list }}",
            temperature: 0.25, top_p: 0.5, max_output_tokens: 7, seed: 3, stop: [END], frequency_penalty: 1, presence_penalty: -1, reasoning_effort: low
            """);
        await agent.RunAsync("""{"who":"Ada","text":"zwölf\n","list":[1, {"a":2}]}""");
        var asked = _service.Asked();
        Assert.Equal("POST /v1/chat/completions", _service.Requests.Single() is var r ? $"{r.Method} {r.Path}" : "");
        Assert.Equal("Bearer k-s3cret", r.Headers["Authorization"]);
        Assert.Equal("Grid", r.Headers["X-Title"]);
        Assert.Equal("m-1", asked.GetProperty("model").GetString());
        Assert.Equal("You answer Ada.", asked.GetProperty("messages")[0].GetProperty("content").GetString());
        Assert.Equal("{{ zwölf\n [1, {\"a\":2}]", asked.GetProperty("messages")[1].GetProperty("content").GetString());
        Assert.Equal((0.25, 0.5, 1d, -1d), (
            asked.GetProperty("temperature").GetDouble(), asked.GetProperty("top_p").GetDouble(),
            asked.GetProperty("frequency_penalty").GetDouble(), asked.GetProperty("presence_penalty").GetDouble()));
        Assert.Equal((7, 3), (asked.GetProperty("max_tokens").GetInt32(), asked.GetProperty("seed").GetInt32()));
        Assert.False(asked.TryGetProperty("max_completion_tokens", out _));
        Assert.Equal("END", asked.GetProperty("stop")[0].GetString());
        Assert.Equal("low", asked.GetProperty("reasoning_effort").GetString());
    }

    [Fact]
    public async Task Invoke_WithoutPromptAndKey_SendsTheInputAndNoToken()
    {
        await using var agent = _service.Agent();
        await agent.RunAsync("""{"a": 1}""");
        Assert.Equal("""{"a": 1}""", Assert.Single(_service.Asked().GetProperty("messages").EnumerateArray()).GetProperty("content").GetString());
        Assert.False(_service.Requests.Single().Headers.ContainsKey("Authorization"));
    }

    [Fact]
    public async Task Invoke_InputWithoutWhatThePromptNames_FailsForGoodAndAsksNothing()
    {
        await using var agent = _service.Agent("prompt: \"{{ input.text }}\"");
        var error = await agent.FailAsync("""{"txt":"a"}""");
        Assert.Equal(("bad_input", false), (error.Code, error.Retryable));
        Assert.Contains("no 'input.text'", error.Message);
        Assert.Empty(_service.Requests);
    }

    [Theory]
    [InlineData(400, "context_length_exceeded", false)]
    [InlineData(401, "invalid_api_key", false)]
    [InlineData(402, "credits", false)]
    [InlineData(403, null, false)]
    [InlineData(404, "model_not_found", false)]
    [InlineData(408, null, true)]
    [InlineData(422, null, false)]
    [InlineData(429, "rate_limit_exceeded", true)]
    [InlineData(429, "insufficient_quota", false)]
    [InlineData(429, "credit_balance_exhausted", false)]
    [InlineData(429, "organization_spend_limit_exceeded", false)]
    [InlineData(429, "project_spend_limit_exceeded", false)]
    [InlineData(429, "organization_usage_limit_exceeded", false)]
    [InlineData(500, null, true)]
    [InlineData(501, null, false)]
    [InlineData(502, null, true)]
    [InlineData(503, "server_is_overloaded", true)]
    [InlineData(504, null, true)]
    [InlineData(529, "overloaded_error", true)]
    [InlineData(302, null, false)]
    public async Task Invoke_Status_IsTheFailureAndIsNotTriedAgainHere(int status, string? code, bool retryable)
    {
        var body = code is null ? "{}" : $$$"""{"error":{"message":"because","type":"x","code":"{{{code}}}"}}""";
        _service.Respond = FakeService.With(status, body, "application/json", ("Retry-After", "7"), ("Location", "/elsewhere"));
        foreach (var stream in new[] { "true", "false" })
        {
            await using var agent = _service.Agent($"stream: {stream}");
            var error = await agent.FailAsync();
            Assert.Equal((code ?? $"http_{status}", retryable), (error.Code, error.Retryable));
            Assert.Equal($"Agent 'tested': m-1 at {_service.Url}/v1 answered {status}{(code is null ? "" : ": because")}", error.Message);
            Assert.Equal(TimeSpan.FromSeconds(7), error.RetryAfter);
        }
        Assert.Equal(2, _service.Requests.Count);
    }

    [Theory]
    [InlineData("""{"error":"model 'm-1' not found"}""", "http_400", "model 'm-1' not found")]
    [InlineData("""{"object":"error","message":"too long","type":"BadRequestError","code":400}""", "BadRequestError", "too long")]
    [InlineData("<html>", "http_400", "answered 400")]
    public async Task Invoke_FailureOfOtherServers_IsSaidInTheirWords(string body, string code, string message)
    {
        _service.Respond = FakeService.With(400, body);
        await using var agent = _service.Agent();
        var error = await agent.FailAsync();
        Assert.Equal((code, false), (error.Code, error.Retryable));
        Assert.EndsWith(message, error.Message);
    }

    [Theory]
    [InlineData("length", "output_cut", "was cut off after 3 tokens: raise 'max_output_tokens'")]
    [InlineData("content_filter", "refused", "the endpoint's filter withheld the answer")]
    public async Task Invoke_AnswerThatEndedEarly_FailsForGood(string finish, string code, string message)
    {
        foreach (var stream in new[] { true, false })
        {
            _service.Respond = stream
                ? Events(
                    Part("hel"), $$"""{"id":"1","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"{{finish}}"}]}""",
                    $$"""{"id":"1","created":1,"model":"m","choices":[],"usage":{{Usage}}}""", "[DONE]")
                : Says("hel", finish);
            await using var agent = _service.Agent($"stream: {(stream ? "true" : "false")}");
            var error = await agent.FailAsync();
            Assert.Equal((code, false), (error.Code, error.Retryable));
            Assert.Contains(message, error.Message);
        }
    }

    [Fact]
    public async Task Invoke_Refusal_FailsForGood()
    {
        foreach (var stream in new[] { true, false })
        {
            _service.Respond = stream
                ? Events("""{"id":"1","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","refusal":"I will not"},"finish_reason":"stop"}]}""", "[DONE]")
                : Says("", refusal: "\"I will not\"");
            await using var agent = _service.Agent($"stream: {(stream ? "true" : "false")}");
            var error = await agent.FailAsync();
            Assert.Equal(("refused", false), (error.Code, error.Retryable));
            Assert.EndsWith("refused: I will not", error.Message);
        }
    }

    [Theory]
    [InlineData("""{"error":{"code":429,"message":"slow down"}}""", "http_429", true, "slow down")]
    [InlineData("""{"error":{"code":"server_is_overloaded","message":"full"}}""", "server_is_overloaded", true, "full")]
    [InlineData("""{"error":{"code":"insufficient_quota","message":"no money"}}""", "insufficient_quota", false, "no money")]
    [InlineData("""{"error":{"code":400,"message":"no"}}""", "http_400", false, "no")]
    [InlineData("""{"error":"it exploded"}""", "error", true, "it exploded")]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", "overloaded_error", true, "Overloaded")]
    public async Task Stream_ErrorAmongTheParts_IsTheFailure(string part, string code, bool retryable, string message)
    {
        _service.Respond = Events(Part("hel"), part, "[DONE]");
        await using var agent = _service.Agent();
        var error = await agent.FailAsync();
        Assert.Equal((code, retryable), (error.Code, error.Retryable));
        Assert.EndsWith($"failed in the middle of its answer: {message}", error.Message);
    }

    [Fact]
    public async Task Invoke_ConnectionIsCutInTheMiddle_MayBeTriedAgain()
    {
        await using var agent = _service.Agent();
        foreach (var respond in new RequestDelegate[]
        {
            c => { c.Abort(); return Task.CompletedTask; },
            async c =>
            {
                await Events(Part("hel"))(c);
                await c.Response.Body.FlushAsync();
                c.Abort();
            },
            Events(Part("hel")),
        })
        {
            _service.Respond = respond;
            var error = await agent.FailAsync();
            Assert.Equal(("connection_lost", true), (error.Code, error.Retryable));
        }
        Assert.Equal(3, _service.Requests.Count);
    }

    [Fact]
    public async Task Invoke_NobodyIsThere_MayBeTriedAgainAndIsShown()
    {
        using var closed = new ClosedPort();
        await using var agent = Agents.Of(new ChatKind(), $"kind: chat, model: m, endpoint: \"http://127.0.0.1:{closed.Port}/v1\"");
        await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        Assert.Equal(AgentCondition.Unhealthy, agent.Health.Condition);
        var error = await agent.FailAsync();
        Assert.Equal(("connection_failed", true), (error.Code, error.Retryable));
    }

    [Theory]
    [InlineData("true", "text/html", "<html>", "not a stream of events; set 'stream: false'")]
    [InlineData("true", "application/json", "{}", "not a stream of events; set 'stream: false'")]
    [InlineData("true", "text/event-stream", "data: {\"id\n\n", "cannot be read")]
    [InlineData("false", "application/json", "<html>", "cannot be read")]
    [InlineData("false", "application/json", "{\"choices\":[]}", "cannot be read")]
    [InlineData("false", "application/json", "{}", "cannot be read")]
    public async Task Invoke_WhatIsNoAnswer_FailsForGood(string stream, string type, string body, string message)
    {
        _service.Respond = FakeService.With(200, body, type);
        await using var agent = _service.Agent($"stream: {stream}");
        var error = await agent.FailAsync();
        Assert.Equal(("bad_answer", false), (error.Code, error.Retryable));
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public async Task Invoke_TooLarge_FailsForGood()
    {
        foreach (var (stream, respond) in new[]
        {
            ("false", Says(new string('x', 500_000))),
            ("true", Streams([.. Enumerable.Repeat(new string('x', 1_000), 200)])),
            ("true", Streams(new string('x', 500_000))),
        })
        {
            _service.Respond = respond;
            await using var agent = _service.Agent($"stream: {stream}");
            var error = await agent.FailAsync();
            Assert.Equal(("output_too_large", false), (error.Code, error.Retryable));
        }
    }

    [Fact]
    public async Task Cancel_ReachesTheEndpoint()
    {
        var aborted = new TaskCompletionSource();
        _service.Respond = async c =>
        {
            c.RequestAborted.Register(aborted.SetResult);
            await Events(Part("hel"))(c);
            await c.Response.Body.FlushAsync();
            await aborted.Task;
        };
        await using var agent = _service.Agent();
        var reports = new Reports();
        using var cancellation = new CancellationTokenSource();
        var attempt = agent.InvokeAsync(Programs.Invocation("{}", reports), cancellation.Token).AsTask();
        await reports.First;
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => attempt.WaitAsync(Agents.Soon));
        await aborted.Task.WaitAsync(Agents.Soon);
    }
}
