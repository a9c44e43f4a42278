using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Tests.Process;
using AgentGrid.TestKit;
using Microsoft.AspNetCore.Http;

namespace AgentGrid.Kinds.Tests.Http;

/// <summary>An attempt by a service that takes the work and does it in its own time.</summary>
public sealed class JobTests : IAsyncLifetime
{
    private readonly Queue<RequestDelegate> _looks = new();
    private FakeService _service = null!;

    public async ValueTask InitializeAsync() => _service = await FakeService.StartAsync(c => c.Request.Method == "POST"
        ? FakeService.With(202, "", null, ("Location", "/render/jobs/7?key=x"))(c)
        : c.Request.Method == "DELETE" ? FakeService.With(204, "", null)(c)
        : _looks.Dequeue()(c));

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Follow_UntilItIsDone_ReportsProgressAndAnswers()
    {
        _looks.Enqueue(FakeService.With(202, """{"status":"queued"}"""));
        _looks.Enqueue(FakeService.With(202, """{"progress":0.25,"message":"a quarter"}""", "application/json", ("Location", "/render/jobs/8")));
        _looks.Enqueue(FakeService.With(200, """{"status":"running","progress":{"fraction":0.5,"message":"half"}}"""));
        _looks.Enqueue(FakeService.With(200, """{"frames":[1]}"""));
        await using var agent = Agent();
        var reports = new Reports();
        Assert.Equal("""{"frames":[1]}""", (await agent.RunAsync("{}", reports)).ToString());
        Assert.Equal([(0.25, "a quarter"), (0.5, "half")], reports.All);
        Assert.Equal(
            ["POST /render", "GET /render/jobs/7", "GET /render/jobs/7", "GET /render/jobs/8", "GET /render/jobs/8"],
            _service.Requests.Select(r => $"{r.Method} {r.Path}"));
        Assert.All(_service.Requests, r => Assert.Equal("t0ken", r.Headers["X-Token"]));
        Assert.Single(_service.Requests, r => r.Headers.ContainsKey("Idempotency-Key"));
    }

    [Theory]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "does not listen")]
    [InlineData("secret!", "'whsec_' and Base64")]
    public async Task Callback_WhereThereCanBeNone_IsRefusedBeforeTheServiceIsAsked(string secret, string reason)
    {
        const string Variable = "TEST_OF_HTTP_CALLBACK";
        Environment.SetEnvironmentVariable(Variable, secret);
        await using var agent = Agents.Http($"url: '{_service.Url}/render', callback_secret: '${{env:{Variable}}}'");

        var error = await agent.FailAsync();

        Assert.Equal(("bad_config", false), (error.Code, error.Retryable));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, error.Message, StringComparison.Ordinal);
        Assert.Empty(_service.Requests);
    }

    [Theory]
    [InlineData("""{"status":"succeeded","result":{"a":1}}""", """{"a":1}""")]
    [InlineData("""{"status":"succeeded","output":[1]}""", "[1]")]
    [InlineData("""{"status":"succeeded","frames":2}""", """{"status":"succeeded","frames":2}""")]
    [InlineData("""{"status":"degraded"}""", """{"status":"degraded"}""")]
    [InlineData("7", "7")]
    public async Task Follow_Done_IsTheResult(string answer, string output)
    {
        _looks.Enqueue(FakeService.With(200, answer));
        await using var agent = Agent();
        Assert.Equal(output, (await agent.RunAsync()).ToString());
    }

    [Theory]
    [InlineData("""{"status":"failed","error":{"code":"no_frames","message":"There are none.","retryable":false}}""", "no_frames", false, "There are none.")]
    [InlineData("""{"status":"failed","error":"it broke"}""", "error", true, "it broke")]
    [InlineData("""{"status":"failed"}""", "error", true, "it gave no reason")]
    [InlineData("""{"status":"cancelled"}""", "job_cancelled", false, "the work was cancelled at the service")]
    public async Task Follow_Failed_IsSaidInTheServicesWords(string answer, string code, bool retryable, string message)
    {
        _looks.Enqueue(FakeService.With(200, answer));
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal((code, retryable), (error.Code, error.Retryable));
        Assert.EndsWith(message, error.Message);
        Assert.DoesNotContain(_service.Requests, r => r.Method == "DELETE");
    }

    [Theory]
    [InlineData(404)]
    [InlineData(410)]
    public async Task Follow_WorkThatIsGone_MayBeTriedAgain(int status)
    {
        _looks.Enqueue(FakeService.With(status));
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal(("job_lost", true), (error.Code, error.Retryable));
    }

    [Fact]
    public async Task Follow_LooksThatFail_AreMadeAgainAndTheWorkIsNotAskedForAgain()
    {
        for (var i = 0; i < 2; i++)
        {
            _looks.Enqueue(FakeService.With(503, "", null, ("Retry-After", "0")));
            _looks.Enqueue(c => { c.Abort(); return Task.CompletedTask; });
        }
        _looks.Enqueue(FakeService.With(200, "1"));
        await using var agent = Agent();
        Assert.Equal("1", (await agent.RunAsync()).ToString());
        Assert.Single(_service.Requests, r => r.Method == "POST");
    }

    [Fact]
    public async Task Follow_LooksThatGoOnFailing_GiveUpAndWithdrawTheWork()
    {
        for (var i = 0; i < 5; i++)
        {
            _looks.Enqueue(FakeService.With(502));
        }
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal(("http_502", true), (error.Code, error.Retryable));
        Assert.Equal("DELETE /render/jobs/7", Last());
    }

    [Fact]
    public async Task Follow_LookThatIsRefused_GivesUpAtOnce()
    {
        _looks.Enqueue(FakeService.With(403));
        await using var agent = Agent();
        Assert.Equal(("http_403", false), ((await agent.FailAsync()) is var e ? e.Code : "", e.Retryable));
        Assert.Equal("DELETE /render/jobs/7", Last());
    }

    [Theory]
    [InlineData(null, "no 'Location'")]
    [InlineData("http://elsewhere.example.com/jobs/7", "a different server")]
    [InlineData("//elsewhere.example.com/jobs/7", "a different server")]
    public async Task Accepted_WithoutAPlaceOfOurServer_FailsForGoodAndSendsNothingThere(string? location, string message)
    {
        _service.Respond = location is null
            ? FakeService.With(202)
            : FakeService.With(202, "", null, ("Location", location));
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal(("bad_answer", false), (error.Code, error.Retryable));
        Assert.Contains(message, error.Message);
        Assert.Single(_service.Requests);
    }

    [Fact]
    public async Task Follow_PauseOfTheService_IsKept()
    {
        _service.Respond = c => c.Request.Method == "POST"
            ? FakeService.With(202, "", null, ("Location", "7"), ("Retry-After", "3600"))(c)
            : FakeService.With(204, "", null)(c);
        await using var agent = Agent();
        using var cancellation = new CancellationTokenSource();
        var attempt = agent.InvokeAsync(Programs.Invocation("{}"), cancellation.Token).AsTask();
        await Limits.UntilAsync(() => !_service.Requests.IsEmpty, () => "nothing was asked");
        await Task.Delay(300);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => attempt.WaitAsync(Agents.Soon));
        Assert.Equal(["POST", "DELETE"], _service.Requests.Select(r => r.Method));
    }

    [Fact]
    public async Task Cancel_WithdrawsTheWork()
    {
        var looked = new TaskCompletionSource();
        _looks.Enqueue(async c =>
        {
            looked.SetResult();
            await Task.Delay(Timeout.Infinite, c.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        await using var agent = Agent();
        using var cancellation = new CancellationTokenSource();
        var attempt = agent.InvokeAsync(Programs.Invocation("{}"), cancellation.Token).AsTask();
        await looked.Task.WaitAsync(Agents.Soon);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => attempt.WaitAsync(Agents.Soon));
        Assert.Equal("DELETE /render/jobs/7", Last());
    }

    [Fact]
    public async Task Cancel_ServiceThatDoesNotHearIt_IsLogged()
    {
        var log = new TestLog();
        _looks.Enqueue(FakeService.With(202));
        var looks = _service.Respond;
        using var cancellation = new CancellationTokenSource();
        _service.Respond = c =>
        {
            if (c.Request.Method == "GET")
            {
                cancellation.Cancel();
            }
            if (c.Request.Method == "DELETE")
            {
                c.Abort();
                return Task.CompletedTask;
            }
            return looks(c);
        };
        await using var agent = Agent(log);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => agent.InvokeAsync(Programs.Invocation("{}"), cancellation.Token).AsTask().WaitAsync(Agents.Soon));
        Assert.Contains(log.Lines, l => l.Contains("could not be told that nobody waits for its work any more"));
    }

    private string Last() => _service.Requests.Last() is var r ? $"{r.Method} {r.Path}" : "";

    private IKindAgent Agent(TestLog? log = null) => Agents.Http(
        $"url: \"{_service.Url}/render\", poll_interval: 50ms, headers: {{ X-Token: t0ken }}", log: log);
}
