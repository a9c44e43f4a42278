using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Tests.Process;

namespace AgentGrid.Kinds.Tests.Http;

/// <summary>An attempt by a service that answers with a stream of events.</summary>
public sealed class EventStreamTests : IAsyncLifetime
{
    private FakeService _service = null!;

    public async ValueTask InitializeAsync() => _service = await FakeService.StartAsync();

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Stream_ProgressAndResult_AreReportedAndTheOutput()
    {
        Answer("""
            : a comment
            event: progress
            data: {"fraction":0.25,"message":"a quarter"}

            event: progress
            data: {"message":"words alone"}

            event: progress
            data: nothing that can be read

            event: news
            data: of which nothing was agreed

            data: {"not":"named"}

            event: result
            data: {"frames":
            data: [1, 2]}

            event: result
            data: "another"


            """);
        await using var agent = Agent();
        var reports = new Reports();
        Assert.Equal("{\"frames\":\n[1, 2]}", (await agent.RunAsync("{}", reports)).ToString());
        Assert.Equal([(0.25, "a quarter"), (0, "words alone")], reports.All);
    }

    [Theory]
    [InlineData("event: error\ndata: {\"code\":\"busy\",\"message\":\"come back\",\"retry_after\":2}\n\n", "busy", true, "come back")]
    [InlineData("event: error\ndata: {\"error\":{\"code\":\"refused\",\"message\":\"no\",\"retryable\":false}}\n\n", "refused", false, "no")]
    [InlineData("event: error\ndata: it broke\n\n", "error", true, "it broke")]
    [InlineData("event: result\ndata: {\"a\":\n\n", "bad_answer", false, "it is not JSON")]
    [InlineData("event: progress\ndata: {\"fraction\":1}\n\n", "connection_lost", true, "ended without a result")]
    [InlineData("event: result\ndata: {}", "connection_lost", true, "ended without a result")]
    [InlineData("", "connection_lost", true, "ended without a result")]
    public async Task Stream_WithoutResult_Fails(string stream, string code, bool retryable, string message)
    {
        Answer(stream);
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal((code, retryable), (error.Code, error.Retryable));
        Assert.Contains(message, error.Message);
        Assert.Equal(code == "busy" ? TimeSpan.FromSeconds(2) : null, error.RetryAfter);
    }

    [Fact]
    public async Task Stream_ThatIsCut_MayBeTriedAgain()
    {
        _service.Respond = async c =>
        {
            await FakeService.With(200, "event: progress\ndata: {\"fraction\":0.5}\n\n", "text/event-stream")(c);
            await c.Response.Body.FlushAsync();
            c.Abort();
        };
        await using var agent = Agent();
        var error = await agent.FailAsync();
        Assert.Equal(("connection_lost", true), (error.Code, error.Retryable));
    }

    [Fact]
    public async Task Stream_ManyEvents_AreNoLargeOutputAndOneLargeEventIs()
    {
        var progress = $"event: progress\ndata: {{\"message\":\"{new string('x', 10_000)}\"}}\n\n";
        Answer(string.Concat(Enumerable.Repeat(progress, 100)) + "event: result\ndata: 1\n\n");
        await using var agent = Agent();
        Assert.Equal("1", (await agent.RunAsync()).ToString());

        Answer($"event: result\ndata: \"{new string('x', 2_000_000)}\"\n\n");
        var error = await agent.FailAsync();
        Assert.Equal(("output_too_large", false), (error.Code, error.Retryable));
    }

    [Fact]
    public async Task Cancel_ReachesTheService()
    {
        var aborted = new TaskCompletionSource();
        _service.Respond = async c =>
        {
            c.RequestAborted.Register(aborted.SetResult);
            await FakeService.With(200, "event: progress\ndata: {\"fraction\":0.5}\n\n", "text/event-stream")(c);
            await c.Response.Body.FlushAsync();
            await aborted.Task;
        };
        await using var agent = Agent();
        var reports = new Reports();
        using var cancellation = new CancellationTokenSource();
        var attempt = agent.InvokeAsync(Programs.Invocation("{}", reports), cancellation.Token).AsTask();
        await reports.First;
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => attempt.WaitAsync(Agents.Soon));
        await aborted.Task.WaitAsync(Agents.Soon);
    }

    private void Answer(string stream) => _service.Respond = FakeService.With(200, stream.ReplaceLineEndings("\n"), "text/event-stream");

    private IKindAgent Agent() => Agents.Http($"url: \"{_service.Url}/render\"");
}
