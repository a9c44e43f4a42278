using System.Net;
using System.Net.WebSockets;
using AgentGrid.Core;

namespace AgentGrid.ClientApi.Tests;

public sealed class SocketTests
{
    private static readonly RunId Run = RunId.From(new Guid("0199a3c2f0b87c1e9d2a4b6c8d0e1f23"));

    [Fact]
    public async Task Follow_FromANumber_ReplaysAndGoesLiveWithoutGapOrRepeat()
    {
        await using var server = await TestServer.StartAsync();
        for (var i = 0; i < 1_000; i++)
        {
            server.Grid.Publish(Run, "old");
        }
        using var socket = await server.ConnectAsync("?after=10");

        var publishing = Task.Run(() =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                server.Grid.Publish(Run, "new");
            }
        });

        for (var expected = 11; expected <= 2_000; expected++)
        {
            Assert.Equal(expected, await socket.SeqAsync());
        }
        await publishing;
    }

    [Fact]
    public async Task Follow_Frames_AreTheEventsByteForByte()
    {
        await using var server = await TestServer.StartAsync();
        var small = server.Grid.Publish(Run, "motion:done");
        var large = server.Grid.Publish(Run, "motion:done", padding: 300_000);
        using var socket = await server.ConnectAsync("?after=0");

        Assert.Equal(System.Text.Encoding.UTF8.GetString(small.Utf8.Span), await socket.FrameAsync());
        Assert.Equal(System.Text.Encoding.UTF8.GetString(large.Utf8.Span), await socket.FrameAsync());
    }

    [Fact]
    public async Task Follow_WithoutAfter_SeesOnlyAndAllThatComesAfterTheHandshake()
    {
        await using var server = await TestServer.StartAsync();
        server.Grid.Publish(Run, "old");
        using var socket = await server.ConnectAsync();

        server.Grid.Publish(Run, "new");

        Assert.Equal(2, await socket.SeqAsync());
    }

    [Theory]
    [InlineData("stage=motion:*", 2)]
    [InlineData("stage=*:done", 3)]
    [InlineData("match_id=other", 4)]
    public async Task Follow_Filters_AreHonoured(string filter, long expected)
    {
        await using var server = await TestServer.StartAsync();
        server.Grid.Publish(Run, "a:start");
        server.Grid.Publish(Run, "motion:start");
        server.Grid.Publish(Run, "a:done");
        var other = server.Grid.Add("other").Summary.RunId;
        server.Grid.Publish(other, "x");

        using var byFilter = await server.ConnectAsync($"?after=0&{filter}");
        using var byRun = await server.ConnectAsync($"?after=0&run_id={other}");

        Assert.Equal(expected, await byFilter.SeqAsync());
        Assert.Equal(4, await byRun.SeqAsync());
    }

    [Theory]
    [InlineData("after=x", "after")]
    [InlineData("after=-1", "after")]
    [InlineData("after=9007199254740992", "after")]
    [InlineData("after=9223372036854775807", "after")]
    [InlineData("after=-9223372036854775808", "after")]
    [InlineData("after=99999999999999999999", "after")]
    [InlineData("after=1e3", "after")]
    [InlineData("after=", "after")]
    [InlineData("after=1&after=2", "after")]
    [InlineData("since=1", "since")]
    [InlineData("run_id=zz", "run_id")]
    public async Task Follow_BadParameter_IsRefusedBeforeTheHandshake(string query, string field)
    {
        await using var server = await TestServer.StartAsync();
        using var request = Upgrade($"/ws/agents?{query}");

        using var response = await server.Http.SendAsync(request);

        var json = await response.JsonAsync();
        Assert.Equal((HttpStatusCode.BadRequest, field), (response.StatusCode, json.Text("field")));
        Assert.Equal(0, server.Grid.Followers);
        // As a handshake's reason is seen by nobody, the same question without one gives the same answer.
        using var plain = await server.Http.GetAsync($"/ws/agents?{query}");
        Assert.Equal((HttpStatusCode.BadRequest, field), (plain.StatusCode, (await plain.JsonAsync()).Text("field")));
    }

    [Fact]
    public async Task Follow_FromANumberBeyondTheNewest_SaysSoAndStartsOver()
    {
        await using var server = await TestServer.StartAsync();
        server.Grid.Publish(Run, "a:start");
        server.Grid.Publish(Run, "motion:start");

        using var socket = await server.ConnectAsync("?after=9007199254740991&stage=motion:*");

        var reset = System.Text.Json.JsonElement.Parse((await socket.FrameAsync())!);
        Assert.Equal(("feed:reset", "0"), (reset.Text("stage"), reset.Text("seq")));
        Assert.Equal("9007199254740991", reset.GetProperty("meta").Text("after"));
        Assert.False(reset.TryGetProperty("run_id", out _));
        Assert.Equal(2, await socket.SeqAsync());
        server.Grid.Publish(Run, "motion:done");
        Assert.Equal(3, await socket.SeqAsync());
    }

    [Fact]
    public async Task Follow_PlainHttp_IsToldToUpgrade()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.Http.GetAsync("/ws/agents");

        Assert.Equal(HttpStatusCode.UpgradeRequired, response.StatusCode);
        Assert.Equal("websocket", response.Headers.Upgrade.ToString());
        Assert.Equal("AG2024", (await response.JsonAsync()).Text("code"));
    }

    [Fact]
    public async Task Follow_PastTheLimitOfClients_Answers503AndRoomComesBack()
    {
        await using var server = await TestServer.StartAsync("--AgentGrid:MaxWebSocketClients=1");
        using (var first = await server.ConnectAsync())
        {
            using var response = await server.Http.SendAsync(Upgrade("/ws/agents"));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Equal("AG2052", (await response.JsonAsync()).Text("code"));
            Assert.Equal(1, (await server.GetJsonAsync("/health")).GetProperty("open_feeds").GetInt32());
            await first.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        await server.Grid.UntilAsync(g => g.Followers == 0);

        // The slot is given back a moment after the grid is left.
        HttpStatusCode? status;
        do
        {
            using var again = await server.Http.SendAsync(
                Upgrade("/ws/agents"), HttpCompletionOption.ResponseHeadersRead);
            status = again.StatusCode;
        }
        while (status == HttpStatusCode.ServiceUnavailable);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, status);
    }

    [Fact]
    public async Task Follow_ClientCloses_IsAnsweredAndLeavesTheGrid()
    {
        await using var server = await TestServer.StartAsync();
        using var socket = await server.ConnectAsync();

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", CancellationToken.None);

        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
        await server.Grid.UntilAsync(g => g.Followers == 0);
    }

    [Fact]
    public async Task Follow_ClientVanishes_LeavesTheGrid()
    {
        await using var server = await TestServer.StartAsync();
        var socket = await server.ConnectAsync();

        socket.Abort();

        await server.Grid.UntilAsync(g => g.Followers == 0);
    }

    [Fact]
    public async Task Follow_ClientTalks_SmallMessagesAreIgnored()
    {
        await using var server = await TestServer.StartAsync();
        using var socket = await server.ConnectAsync();
        for (var i = 0; i < 20; i++)
        {
            await socket.SendAsync(new byte[1_000], WebSocketMessageType.Text, true, CancellationToken.None);
        }

        server.Grid.Publish(Run, "a");

        Assert.Equal(1, await socket.SeqAsync());
    }

    [Fact]
    public async Task Follow_ClientSendsTooMuch_IsClosedWithAReason()
    {
        await using var server = await TestServer.StartAsync();
        using var socket = await server.ConnectAsync();

        await socket.SendAsync(new byte[5_000], WebSocketMessageType.Binary, true, CancellationToken.None);

        Assert.Null(await socket.FrameAsync());
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, socket.CloseStatus);
    }

    [Fact]
    public async Task Follow_ClientStopsReading_LeavesTheGridAndIsClosedWithAReason()
    {
        await using var server = await TestServer.StartAsync(
            "--AgentGrid:WebSocketSendTimeout=00:00:02", "--AgentGrid:WebSocketCloseTimeout=00:00:20");
        using var slow = await server.ConnectAsync("?after=0");
        using var quick = await server.ConnectAsync("?after=0");
        // Until the sockets' buffers are full, nobody can tell that the client does not read; 30 MB fill any.
        var events = 0;
        while (events < 300 && server.Grid.Followers == 2)
        {
            server.Grid.Publish(Run, "a", padding: 100_000);
            Assert.Equal(++events, await quick.SeqAsync());
        }
        await server.Grid.UntilAsync(g => g.Followers == 1);

        string? frame;
        var read = 0;
        while ((frame = await slow.FrameAsync()) is not null)
        {
            Assert.Contains($"\"seq\":{++read},", frame);
        }

        Assert.InRange(read, 1, events);
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, slow.CloseStatus);
        Assert.StartsWith("stopped reading for 2 s; connect again with after=", slow.CloseStatusDescription);
        Assert.Contains(server.Log.Lines, l => l.ToString().StartsWith("Warning: The WebSocket client 127.0.0.1:"));
        Assert.Equal(WebSocketState.Open, quick.State);
    }

    [Fact]
    public async Task Follow_ClientNeverReadsAgain_IsCutOff()
    {
        await using var server = await TestServer.StartAsync(
            "--AgentGrid:WebSocketSendTimeout=00:00:01", "--AgentGrid:WebSocketCloseTimeout=00:00:00.100");
        using var slow = await server.ConnectAsync("?after=0");
        for (var megabytes = 0; megabytes < 40; megabytes++)
        {
            server.Grid.Publish(Run, "a", padding: 1_000_000);
        }
        while ((await server.GetJsonAsync("/health")).GetProperty("open_feeds").GetInt32() > 0)
        {
            // Not before the server has given up may this client read.
        }

        var read = async () =>
        {
            while (await slow.FrameAsync() is not null)
            {
            }
        };

        // By the abort, or by the end of the stream where a frame is only half there.
        await Assert.ThrowsAsync<WebSocketException>(read);
    }

    [Fact]
    public async Task Follow_ServerStops_ClosesWithGoingAway()
    {
        await using var server = await TestServer.StartAsync();
        using var socket = await server.ConnectAsync();

        var stopping = server.StopAsync();

        Assert.Null(await socket.FrameAsync());
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, socket.CloseStatus);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        await stopping.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Follow_Idle_IsPinged()
    {
        await using var server = await TestServer.StartAsync(
            "--AgentGrid:KeepAlive=00:00:00.050", "--AgentGrid:WebSocketSendTimeout=00:00:00.050",
            "--AgentGrid:WebSocketCloseTimeout=00:00:00.050");
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(
            $"GET /ws/agents HTTP/1.1\r\nHost: {server.Address.Authority}\r\nConnection: Upgrade\r\n" +
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"));
        using var reader = new BinaryReader(stream);
        var last = 0u;
        while (last != 0x0d0a0d0a)
        {
            last = (last << 8) | reader.ReadByte();
        }

        // A ping of the server is final, and not masked.
        Assert.Equal(0x89, reader.ReadByte());
        // Nobody answers it, so that the server gives up on the connection.
        await server.Grid.UntilAsync(g => g.Followers == 0);
    }

    private static HttpRequestMessage Upgrade(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==");
        return request;
    }
}
