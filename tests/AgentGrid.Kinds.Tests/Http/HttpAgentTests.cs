using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Tests.Process;
using AgentGrid.TestKit;
using Microsoft.AspNetCore.Http;

namespace AgentGrid.Kinds.Tests.Http;

/// <summary>An attempt by a service that answers at once, in every way in which it can end.</summary>
public sealed class HttpAgentTests : IAsyncLifetime
{
    private FakeService _service = null!;

    public async ValueTask InitializeAsync() => _service = await FakeService.StartAsync();

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Invoke_Json_IsTheOutputAsItWasWritten()
    {
        _service.Respond = FakeService.With(200, """{ "x" : 1.10 , "y":"zwölf €"}""", "application/json; charset=utf-8");
        await using var agent = Agent();
        Assert.Equal("""{ "x" : 1.10 , "y":"zwölf €"}""", (await agent.RunAsync("""{"a": [1, 2.50]}""")).ToString());
        var request = Assert.Single(_service.Requests);
        Assert.Equal(("POST", "/render", """{"a": [1, 2.50]}"""), (request.Method, request.Path, request.Body));
    }

    [Theory]
    [InlineData(204, null, "")]
    [InlineData(200, "application/json", "")]
    [InlineData(201, "application/problem+json", "null")]
    [InlineData(200, null, "null")]
    [InlineData(200, "application/json", "\uFEFFnull")]
    public async Task Invoke_Nothing_IsNull(int status, string? type, string body)
    {
        _service.Respond = FakeService.With(status, body, type);
        await using var agent = Agent();
        Assert.Equal("null", (await agent.RunAsync()).ToString());
    }

    [Fact]
    public async Task Invoke_Request_SaysForWhatItIs()
    {
        Environment.SetEnvironmentVariable("TEST_OF_HTTP_TOKEN", "s3cret");
        await using var agent = Agent("""headers: { Authorization: "Bearer ${env:TEST_OF_HTTP_TOKEN}", Prefer: respond-async, Content-Type: application/x+json }, method: PUT""");
        var invocation = Programs.Invocation("{}");
        invocation.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        await agent.InvokeAsync(invocation, default);

        var (method, _, _, headers) = _service.Requests.Single();
        Assert.Equal("PUT", method);
        Assert.Equal("Bearer s3cret", headers["Authorization"]);
        Assert.Equal("respond-async", headers["Prefer"]);
        Assert.Equal("application/x+json", headers["Content-Type"]);
        Assert.Equal("\"01a202f6e0647131bc18100a246f23e1/step/2\"", headers["Idempotency-Key"]);
        Assert.Equal(invocation.TraceParent, headers["traceparent"]);
        Assert.Equal("01a202f6e0647131bc18100a246f23e1", headers["AgentGrid-Run"]);
        Assert.Equal("step", headers["AgentGrid-Step"]);
        Assert.Equal("2", headers["AgentGrid-Attempt"]);
        Assert.Equal(invocation.Deadline.UtcDateTime, DateTime.Parse(headers["AgentGrid-Deadline"], CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal));
        Assert.InRange(double.Parse(headers["AgentGrid-Timeout"], CultureInfo.InvariantCulture), 0.001, 60);
        Assert.Contains("text/event-stream", headers["Accept"]);
    }

    [Fact]
    public async Task IdempotencyKey_OfAStep_IsTheSameInAllAttemptsWithTheSameBody()
    {
        await using var agent = Agent("idempotency_key: step");
        foreach (var (attempt, input) in new[] { (1, """{"a":1}"""), (2, """{"a":1}"""), (3, """{"a":2}""") })
        {
            await agent.InvokeAsync(Invocation(attempt, input), default);
        }
        var keys = _service.Requests.Select(r => r.Headers["Idempotency-Key"]).ToArray();
        Assert.Equal(keys[0], keys[1]);
        Assert.NotEqual(keys[0], keys[2]);
        Assert.StartsWith("\"01a202f6e0647131bc18100a246f23e1/step/", keys[0]);

        await using var without = Agent("idempotency_key: none");
        await without.RunAsync();
        Assert.False(_service.Requests.Last().Headers.ContainsKey("Idempotency-Key"));
    }

    [Fact]
    public async Task Body_OfTheInput_IsSentAlone()
    {
        await using var agent = Agent("body: \"input.motion.frames[1]\"");
        await agent.RunAsync("""{"motion":{"frames":[1,{"t": 2.0}]}}""");
        Assert.Equal("""{"t": 2.0}""", _service.Requests.Single().Body);

        var error = await agent.FailAsync("""{"motion":{"frames":[1]}}""");
        Assert.Equal(("bad_input", false), (error.Code, error.Retryable));
        Assert.Contains("no 'input.motion.frames[1]'", error.Message);
        Assert.Single(_service.Requests);
    }

    [Theory]
    [InlineData(400, false)]
    [InlineData(401, false)]
    [InlineData(402, false)]
    [InlineData(403, false)]
    [InlineData(404, false)]
    [InlineData(408, true)]
    [InlineData(409, false)]
    [InlineData(413, false)]
    [InlineData(422, false)]
    [InlineData(425, true)]
    [InlineData(429, true)]
    [InlineData(500, true)]
    [InlineData(501, false)]
    [InlineData(502, true)]
    [InlineData(503, true)]
    [InlineData(504, true)]
    [InlineData(505, false)]
    [InlineData(529, true)]
    [InlineData(301, false)]
    [InlineData(302, false)]
    [InlineData(307, false)]
    public async Task Invoke_Status_IsTheFailureAndIsNotTriedAgainHere(int status, bool retryable)
    {
        _service.Respond = FakeService.With(status, "<html>no</html>", "text/html", ("Location", "/elsewhere"));
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal(($"http_{status}", retryable), (error.Code, error.Retryable));
        Assert.StartsWith($"Agent 'tested': POST {_service.Url}/render answered {status} ", error.Message);
        Assert.Single(_service.Requests);
    }

    [Theory]
    [InlineData("""{"type":"https://errors.example.com/out-of-credit","title":"No credit","detail":"Your balance is 30.","status":403}""", "out-of-credit", "Your balance is 30.", false)]
    [InlineData("""{"type":"about:blank","title":"Bad Request"}""", "http_400", "Bad Request", false)]
    [InlineData("""{"code":"no_frames","message":"There are none.","retryable":true,"retry_after":2.5}""", "no_frames", "There are none.", true)]
    [InlineData("""{"error":{"code":"no_frames","message":"There are none."}}""", "no_frames", "There are none.", false)]
    [InlineData("""{"error":"model is not loaded"}""", "http_400", "model is not loaded", false)]
    [InlineData("""{"detail":[{"loc":["body","x"],"msg":"field required"}]}""", "http_400", """[{"loc":["body","x"],"msg":"field required"}]""", false)]
    [InlineData("""{"code":"not a name","error":7}""", "http_400", "", false)]
    [InlineData("plain words\nover lines", "http_400", "plain words over lines", false)]
    [InlineData("[1]", "http_400", "[1]", false)]
    public async Task Invoke_Failure_IsSaidInTheServicesWords(string body, string code, string message, bool retryable)
    {
        _service.Respond = FakeService.With(400, body, "application/problem+json");
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal((code, retryable), (error.Code, error.Retryable));
        Assert.EndsWith(message.Length == 0 ? "answered 400 Bad Request" : $": {message}", error.Message);
        Assert.Equal(retryable ? TimeSpan.FromSeconds(2.5) : null, error.RetryAfter);
    }

    [Theory]
    [InlineData("""{"code":"request_in_progress"}""", null, true)]
    [InlineData("""{"title":"A request is outstanding for this Idempotency-Key","detail":"A request with the same key is being processed."}""", null, true)]
    [InlineData("""{"title":"Conflict"}""", "3", true)]
    [InlineData("""{"title":"There is one of that name."}""", null, false)]
    public async Task Invoke_Conflict_IsTriedAgainOnlyWhereItPasses(string body, string? retryAfter, bool retryable)
    {
        _service.Respond = retryAfter is null
            ? FakeService.With(409, body)
            : FakeService.With(409, body, "application/json", ("Retry-After", retryAfter));
        await using var agent = Agent();
        Assert.Equal(retryable, (await agent.FailAsync()).Retryable);
    }

    [Fact]
    public async Task Invoke_Overload_SaysWhenToComeBack()
    {
        await using var agent = Agent();
        _service.Respond = FakeService.With(503, "", null, ("Retry-After", "7"));
        Assert.Equal(TimeSpan.FromSeconds(7), (await agent.FailAsync()).RetryAfter);

        var date = DateTimeOffset.UtcNow.AddMinutes(10).ToString("R", CultureInfo.InvariantCulture);
        _service.Respond = FakeService.With(429, "", null, ("Retry-After", date));
        Assert.InRange((await agent.FailAsync()).RetryAfter!.Value, TimeSpan.FromMinutes(8), TimeSpan.FromMinutes(10));

        _service.Respond = FakeService.With(429, "", null, ("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"));
        Assert.Equal(TimeSpan.Zero, (await agent.FailAsync()).RetryAfter);

        _service.Respond = FakeService.With(429, "", null, ("Retry-After", "soon"));
        Assert.Null((await agent.FailAsync()).RetryAfter);
    }

    [Theory]
    [InlineData("text/plain", "hello", "it is 'text/plain', not JSON, and begins with: hello")]
    [InlineData("application/json", """{"a":1} x""", """begins with: {"a":1} x""")]
    [InlineData("application/json", "[[[", "it is not JSON")]
    public async Task Invoke_NoJson_FailsForGood(string type, string body, string message)
    {
        _service.Respond = FakeService.With(200, body, type);
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal(("bad_answer", false), (error.Code, error.Retryable));
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public async Task Invoke_OtherEncodingThanUtf8_FailsForGood()
    {
        _service.Respond = async c =>
        {
            c.Response.ContentType = "application/json";
            await c.Response.Body.WriteAsync(Encoding.Latin1.GetBytes("\"zwölf\""));
        };
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal(("bad_answer", false), (error.Code, error.Retryable));
        Assert.Contains("It is not UTF-8.", error.Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Invoke_TooLarge_FailsForGoodAndIsNotReadToItsEnd(bool saysHowLong)
    {
        // It has no end, but that of the connection.
        var ended = new TaskCompletionSource();
        _service.Respond = async c =>
        {
            c.Response.ContentType = "application/json";
            c.Response.ContentLength = saysHowLong ? long.MaxValue : null;
            var chunk = new byte[1 << 16];
            Array.Fill(chunk, (byte)' ');
            while (!c.RequestAborted.IsCancellationRequested)
            {
                await c.Response.Body.WriteAsync(chunk);
            }
            ended.SetResult();
        };
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal(("output_too_large", false), (error.Code, error.Retryable));
        await ended.Task.WaitAsync(Agents.Soon);
    }

    [Fact]
    public async Task Invoke_ConnectionIsCutInTheMiddle_MayBeTriedAgain()
    {
        await using var agent = Agent();
        foreach (var respond in new RequestDelegate[]
        {
            c => { c.Abort(); return Task.CompletedTask; },
            async c =>
            {
                c.Response.ContentType = "application/json";
                c.Response.ContentLength = 100;
                await c.Response.WriteAsync("""{"a":""");
                await c.Response.Body.FlushAsync();
                c.Abort();
            },
        })
        {
            _service.Respond = respond;
            var error = await agent.FailAsync();
            Assert.Equal(("connection_lost", true), (error.Code, error.Retryable));
        }
        Assert.Equal(2, _service.Requests.Count);
        Assert.Equal(AgentHealth.Healthy, agent.Health);
    }

    [Theory]
    [InlineData("hello, this is no HTTP\r\n\r\n", "bad_answer", false)]
    [InlineData("", "connection_lost", true)]
    public async Task Invoke_SomethingThatSpeaksNoHttp_IsSaid(string answer, string code, bool retryable)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = Task.Run(async () =>
        {
            using var client = await listener.AcceptTcpClientAsync();
            var stream = client.GetStream();
            Assert.NotEqual(0, await stream.ReadAsync(new byte[4096]));
            await stream.WriteAsync(Encoding.ASCII.GetBytes(answer));
        });
        await using var agent = Agents.Http($"url: \"http://{listener.LocalEndpoint}/\"");
        var error = await agent.FailAsync();
        Assert.Equal((code, retryable), (error.Code, error.Retryable));
        await answering;
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/")]
    [InlineData("http://no-such-host.invalid/")]
    public async Task Invoke_NobodyIsThere_MayBeTriedAgainAndIsShown(string url)
    {
        using var closed = new ClosedPort();
        await using var agent = Agents.Http($"url: \"{string.Format(CultureInfo.InvariantCulture, url, closed.Port)}\"");
        var warming = await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        Assert.Equal("connection_failed", warming.Code);
        Assert.Equal(AgentHealth.Unhealthy(warming.Message), agent.Health);
        var error = await agent.FailAsync();
        Assert.Equal(("connection_failed", true), (error.Code, error.Retryable));
        Assert.Equal(AgentCondition.Unhealthy, agent.Health.Condition);
    }

    [Fact]
    public async Task Invoke_NoTls_IsAConnectionThatFailed()
    {
        await using var agent = Agents.Http($"url: \"{_service.Url.Replace("http:", "https:")}/render\"");
        var error = await agent.FailAsync();
        Assert.Equal(("connection_failed", true), (error.Code, error.Retryable));
    }

    [Fact]
    public async Task Health_ServiceThatComesBack_IsHealthyWithoutAnAttempt()
    {
        var port = FreePorts.Next();
        var log = new TestLog();
        await using var agent = Agents.Http($"url: \"http://127.0.0.1:{port}/\"", log: log);
        await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        Assert.Equal(AgentCondition.Unhealthy, agent.Health.Condition);
        await using var service = await FakeService.StartAsync(port: port);
        await ProcessAgentTests.WaitFor(() => agent.Health == AgentHealth.Healthy);
        Assert.Empty(service.Requests);
        Assert.Contains(log.Lines, l => l.StartsWith("Information: Agent 'tested' works again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Health_ServiceThatRefusesUs_IsShownUntilItDoesNot()
    {
        await using var agent = Agent();
        await agent.WarmUpAsync(default);
        Assert.Empty(_service.Requests);
        _service.Respond = FakeService.With(401);
        await agent.FailAsync();
        Assert.Equal(AgentCondition.Unhealthy, agent.Health.Condition);
        _service.Respond = FakeService.With(422);
        await agent.FailAsync();
        Assert.Equal(AgentHealth.Healthy, agent.Health);
    }

    [Fact]
    public async Task Secret_ThatChanges_IsFoundAndNeverShown()
    {
        using var file = new TemporaryFile();
        await using var agent = Agent($$"""headers: { X-Key: "${file:{{file.Path}}}" }""");
        await File.WriteAllTextAsync(file.Path, "first-secret");
        _service.Respond = c => FakeService.With(401, $$"""{"message":"I do not know {{c.Request.Headers["X-Key"]}}."}""")(c);
        var error = await agent.FailAsync();
        Assert.EndsWith($"I do not know ${{file:{file.Path}}}.", error.Message);
        Assert.EndsWith(error.Message, agent.Health.Problem);

        await File.WriteAllTextAsync(file.Path, "second-secret");
        _service.Respond = FakeService.With(200, "1");
        await agent.RunAsync();
        Assert.Equal(["first-secret", "second-secret"], _service.Requests.Select(r => r.Headers["X-Key"]));

        await File.WriteAllTextAsync(file.Path, "third\nsecret");
        error = await agent.FailAsync();
        Assert.Equal(("bad_config", false), (error.Code, error.Retryable));
        Assert.DoesNotContain("third", error.Message);
    }

    [Fact]
    public async Task Secret_ThatIsNotThere_FailsWithoutARequestAndIsShownUntilItIs()
    {
        await using var agent = Agent("""headers: { X: "${env:TEST_OF_HTTP_LATER}" }""");
        Assert.Equal("no_secret", (await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default))).Code);
        Assert.Equal("no_secret", (await agent.FailAsync()).Code);
        Assert.Equal(AgentCondition.Unhealthy, agent.Health.Condition);
        Assert.Empty(_service.Requests);
        Environment.SetEnvironmentVariable("TEST_OF_HTTP_LATER", "here");
        await ProcessAgentTests.WaitFor(() => agent.Health == AgentHealth.Healthy);
    }

    [Fact]
    public async Task Address_InASecret_IsCheckedWhenItIsKnown()
    {
        Environment.SetEnvironmentVariable("TEST_OF_HTTP_URL", _service.Url);
        await using var agent = Agents.Http("url: \"${env:TEST_OF_HTTP_URL}/render\"");
        await agent.RunAsync();
        Environment.SetEnvironmentVariable("TEST_OF_HTTP_URL", "ftp://elsewhere");
        var error = await agent.FailAsync();
        Assert.Equal(("bad_config", false), (error.Code, error.Retryable));
        Assert.DoesNotContain("elsewhere", error.Message);
    }

    [Fact]
    public async Task Cancel_ReachesTheService()
    {
        var asked = new TaskCompletionSource();
        var aborted = new TaskCompletionSource();
        _service.Respond = async c =>
        {
            asked.SetResult();
            c.RequestAborted.Register(aborted.SetResult);
            await aborted.Task;
        };
        await using var agent = Agent();
        using var cancellation = new CancellationTokenSource();
        var attempt = agent.InvokeAsync(Programs.Invocation("{}"), cancellation.Token).AsTask();
        await asked.Task.WaitAsync(Agents.Soon);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => attempt.WaitAsync(Agents.Soon));
        await aborted.Task.WaitAsync(Agents.Soon);
    }

    [Fact]
    public async Task Invoke_LargeInputAndOutput_ComeWhole()
    {
        _service.Respond = c =>
        {
            c.Response.ContentType = "application/json";
            return c.Response.WriteAsync(_service.Requests.Last().Body);
        };
        await using var agent = Agents.Http($"url: \"{_service.Url}/render\"", maxOutputBytes: 8 << 20);
        var input = $$"""{"text":"{{new string('x', 5_000_000)}}"}""";
        Assert.Equal(input, (await agent.RunAsync(input)).ToString());
    }

    private IKindAgent Agent(string keys = "method: POST") => Agents.Http($"url: \"{_service.Url}/render\", {keys}");

    private static AgentInvocation Invocation(int attempt, string input) => new()
    {
        RunId = RunId.Parse("01a202f6e0647131bc18100a246f23e1"),
        Key = new RunKey("match_1", "round_1"),
        Agent = "tested",
        Step = "step",
        Attempt = attempt,
        Deadline = DateTimeOffset.UtcNow.AddMinutes(1),
        InputSource = () => Json.Parse(input),
    };
}
