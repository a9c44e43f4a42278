using System.Net;
using System.Text;
using AgentGrid.Client;

namespace AgentGrid.ClientApi.Tests.Client;

/// <summary>What the client for .NET does about a network that fails: what is done twice must be done once.</summary>
public sealed class LostConnectionTests
{
    private const string Command = """{"changed":true,"run":{"run_id":"1","match_id":"m","round":"r","status":"running"}}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FollowAsync_AStreamThatBreaks_IsResumedAfterTheLastWholeEvent()
    {
        using var network = new Network(
            _ => Events("id: 1\ndata: {\"seq\":1,\"stage\":\"a:start\"}\n\nid: 2\ndata: {\"seq\":2,\"sta", breaks: true),
            _ => throw new HttpRequestException("nobody listens"),
            _ => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable),
            _ => Events(":\n\nid: 2\ndata: {\"seq\":2,\"stage\":\"completed\"}\n\n"),
            _ => new HttpResponseMessage(HttpStatusCode.NoContent));
        using var client = network.Client();

        var seen = await client.FollowAsync("1", 0, Cancelled).ToListAsync(Cancelled);

        Assert.Equal([(1L, "a:start"), (2L, "completed")], seen.Select(e => (e.Seq, e.Stage)));
        Assert.Equal(["0", "1", "1", "1", "2"], network.Asked.Select(r => r.Headers.GetValues("Last-Event-ID").Single()));
    }

    [Fact]
    public async Task SignalAsync_WithoutAnAnswer_IsSentAgainUnderTheSameKey()
    {
        using var network = new Network(_ => throw new HttpRequestException("reset by peer"), _ => Json(Command));
        using var client = network.Client();

        Assert.True((await client.SignalAsync("1", "payment", cancellationToken: Cancelled)).Changed);

        Assert.Single(network.Asked.Select(r => r.Headers.GetValues("Idempotency-Key").Single()).Distinct());
        Assert.Equal(2, network.Asked.Count);
    }

    [Fact]
    public async Task RetryAsync_WithoutAnAnswer_IsNotSentAgain()
    {
        using var network = new Network(_ => throw new HttpRequestException("reset by peer"), _ => Json(Command));
        using var client = network.Client();

        await Assert.ThrowsAsync<HttpRequestException>(() => client.RetryAsync("1", cancellationToken: Cancelled));

        Assert.Single(network.Asked);
    }

    [Fact]
    public async Task GetRunAsync_OfAServerThatStaysAway_EndsWithThePatience()
    {
        using var network = new Network([.. Enumerable.Repeat<Func<HttpRequestMessage, HttpResponseMessage>>(
            _ => throw new HttpRequestException("nobody listens"), 20)]);
        using var client = network.Client(TimeSpan.FromMilliseconds(500));

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetRunAsync("1", Cancelled));

        Assert.InRange(network.Asked.Count, 2, 4);
    }

    [Fact]
    public async Task GetRunAsync_OfAnotherServer_SaysSoAtOnce()
    {
        using var network = new Network(_ => Json("<html>"));
        using var client = network.Client();

        var failed = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetRunAsync("1", Cancelled));

        Assert.Contains("http://grid.example/behind/ is not Agent Grid", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_OfAServerBehindAPath_GoThere()
    {
        using var network = new Network(_ => Json(Command));
        using var client = network.Client();

        await client.CancelAsync("a/b", cancellationToken: Cancelled);

        Assert.Equal("http://grid.example/behind/api/v1/runs/a%2Fb/cancel", network.Asked.Single().RequestUri!.AbsoluteUri);
    }

    private static HttpResponseMessage Json(string body) =>
        new() { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    private static HttpResponseMessage Events(string text, bool breaks = false) =>
        new() { Content = new StreamContent(new Cut(Encoding.UTF8.GetBytes(text), breaks)) };

    /// <summary>Answers each request in its turn.</summary>
    private sealed class Network(params Func<HttpRequestMessage, HttpResponseMessage>[] answers) : HttpMessageHandler
    {
        public List<HttpRequestMessage> Asked { get; } = [];

        public GridClient Client(TimeSpan? patience = null) => new(
            new HttpClient(this) { BaseAddress = new Uri("http://grid.example/behind") },
            new GridClientOptions { Patience = patience ?? TimeSpan.FromMinutes(1) });

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked.Add(request);
            return Task.FromResult(answers[Asked.Count - 1](request));
        }
    }

    /// <summary>A stream that ends, or breaks, where its bytes do.</summary>
    private sealed class Cut(byte[] bytes, bool breaks) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            return read > 0 || !breaks ? read : throw new IOException("reset by peer");
        }
    }
}
