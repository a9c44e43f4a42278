using System.Net;
using System.Net.Sockets;
using System.Text;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Webhooks;

namespace AgentGrid.Engine.Tests.Webhooks;

public sealed class HttpWebhookSenderTests : IDisposable
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public HttpWebhookSenderTests() => _listener.Start();

    private string Host => _listener.LocalEndpoint.ToString()!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _listener.Dispose();

    [Theory]
    [InlineData("200 OK", null, false)]
    [InlineData("204 No Content", null, false)]
    [InlineData("302 Found\r\nLocation: http://127.0.0.1:1/", "redirects are not followed", false)]
    [InlineData("410 Gone", "410", true)]
    [InlineData("500 Oops", "It answered 500.", false)]
    public async Task SendAsync_Answers_MeanWhatStandardWebhooksSays(string status, string? error, bool givesUp)
    {
        using var sender = Sender();
        var answering = AnswerAsync($"HTTP/1.1 {status}\r\nContent-Length: 1000000000\r\n\r\n");

        var answer = await sender.SendAsync(Delivery(Host), Token);
        await answering;

        Assert.Equal((error is null, givesUp), (answer.Error is null, answer.GivesUp));
        Assert.Contains(error ?? "", answer.Error ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task SendAsync_NoAnswer_IsGivenUpAfterTheTimeout()
    {
        using var sender = Sender(timeout: TimeSpan.FromMilliseconds(50));

        var answer = await sender.SendAsync(Delivery(Host), Token);

        Assert.Contains("within 50ms", answer.Error, StringComparison.Ordinal);
        Assert.False(answer.GivesUp);
    }

    [Fact]
    public async Task SendAsync_AnAddressHangs_KeepsNoOtherOfItsHostWaiting()
    {
        using var sender = Sender(timeout: TimeSpan.FromMinutes(5));
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var accepting = AcceptAsync();
        var hanging = Enumerable.Range(0, 40).Select(i => sender.SendAsync(Delivery(Host, $"hangs?run={i}"), enough.Token)).ToArray();

        var answer = await sender.SendAsync(Delivery(Host, "answers"), Token);

        Assert.Null(answer.Error);
        Assert.All(hanging, h => Assert.False(h.IsCompleted));
        await enough.CancelAsync();
        Assert.All(await Task.WhenAll(hanging.Select(async h => await Record.ExceptionAsync(() => h))), e => Assert.IsAssignableFrom<OperationCanceledException>(e));
        _listener.Stop();
        await accepting;
    }

    [Fact]
    public async Task SendAsync_NobodyListens_SaysSo()
    {
        using var sender = Sender();
        var delivery = Delivery(Host);
        _listener.Stop();

        Assert.StartsWith("It cannot be reached", (await sender.SendAsync(delivery, Token)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SendAsync_ConnectionIsClosed_SaysWhatHappened()
    {
        using var sender = Sender();
        var answering = AnswerAsync("");

        var answer = await sender.SendAsync(Delivery(Host), Token);
        await answering;

        Assert.Contains("ended prematurely", answer.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, Secret, null)]
    [InlineData(false, Secret, "AgentGrid:Webhooks:AllowedHosts")]
    [InlineData(true, null, "AgentGrid:Webhooks:Secret")]
    [InlineData(true, "whsec_!", "AgentGrid:Webhooks:Secret")]
    [InlineData(true, "whsec_AAAA", "24 to 64")]
    [InlineData(true, "${file:/nowhere}", "/nowhere")]
    public void Refusal_NamesTheSetting(bool isAllowed, string? secret, string? named)
    {
        using var sender = Sender(secret, isAllowed: isAllowed);

        var refusal = sender.Refusal(Delivery(Host).Webhook);

        Assert.Equal(named is null, refusal is null);
        Assert.Contains(named ?? "", refusal ?? "", StringComparison.Ordinal);
    }

    private HttpWebhookSender Sender(string? secret = Secret, TimeSpan? timeout = null, bool isAllowed = true)
    {
        var options = new WebhookOptions { Secret = secret, Timeout = timeout ?? TimeSpan.FromSeconds(30) };
        if (isAllowed)
        {
            options.AllowedHosts.Add(Host);
        }
        return new HttpWebhookSender(options, TimeProvider.System);
    }

    // Of the answer's body nothing is ever sent.
    private async Task AnswerAsync(string answer)
    {
        using var socket = await _listener.AcceptSocketAsync(Token);
        await socket.ReceiveAsync(new byte[8_192], Token);
        await socket.SendAsync(Encoding.ASCII.GetBytes(answer), Token);
    }

    // Answers those who do not ask for what hangs.
    private async Task AcceptAsync()
    {
        var kept = new List<TcpClient>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(Token);
                kept.Add(client);
                var buffer = new byte[16 * 1024];
                var read = await client.GetStream().ReadAsync(buffer, Token);
                if (Encoding.ASCII.GetString(buffer, 0, read).StartsWith("POST /answers", StringComparison.Ordinal))
                {
                    await client.GetStream().WriteAsync("HTTP/1.1 204 No Content\r\n\r\n"u8.ToArray(), Token);
                }
            }
        }
        catch (SocketException)
        {
            kept.ForEach(static c => c.Dispose()); // the listener was stopped
        }
    }

    private static WebhookDelivery Delivery(string host, string path = "x") => new()
    {
        Number = 1,
        Webhook = new Webhook($"http://{host}/{path}", Webhook.Ends),
        Event = WebhookEvent.Completed,
        At = DateTimeOffset.UnixEpoch,
        Run = new RunSummary
        {
            RunId = RunId.From(Guid.NewGuid()),
            MatchId = "m",
            Round = "1",
            Plan = "p",
            PlanVersion = "v",
            Status = RunStatus.Completed,
            AcceptedAt = DateTimeOffset.UnixEpoch,
        },
    };
}
