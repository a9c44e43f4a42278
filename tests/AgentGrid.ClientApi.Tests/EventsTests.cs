using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using AgentGrid.Core;

namespace AgentGrid.ClientApi.Tests;

public sealed class EventsTests
{
    [Fact]
    public async Task Page_AfterLimitStage_AreHonoured()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid, "a:start", "b:start", "a:done", "c:start");

        var page = await server.GetJsonAsync($"/api/v1/runs/{id}/events?after=1&limit=1&stage=*:start");

        Assert.Equal("b:start", Assert.Single(page.GetProperty("events").EnumerateArray()).Text("stage"));
        Assert.Equal(2, page.GetProperty("next").GetInt64());
        Assert.False(page.GetProperty("at_end").GetBoolean());
    }

    [Theory]
    [InlineData("after=-1")]
    [InlineData("after=x")]
    [InlineData("after=1.5")]
    [InlineData("after=+1")]
    [InlineData("after=9007199254740992")]
    [InlineData("after=9223372036854775807")]
    [InlineData("after=9223372036854775808")]
    [InlineData("after=99999999999999999999999999")]
    [InlineData("limit=0")]
    [InlineData("limit=10001")]
    [InlineData("limit=2147483648")]
    [InlineData("events=all")]
    public async Task Page_BadQuery_NamesTheParameter(string query)
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid);

        using var response = await server.Http.GetAsync($"/api/v1/runs/{id}/events?{query}");

        var json = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(query.Split('=')[0], json.Text("field"));
    }

    [Fact]
    public async Task Page_AfterANumberBeyondTheNewest_SaysSoAndStartsOver()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid, "a", "b");

        var told = await server.GetJsonAsync($"/api/v1/runs/{id}/events?after=186&stage=b");
        var next = await server.GetJsonAsync($"/api/v1/runs/{id}/events?after={told.Text("next")}&stage=b");

        var reset = Assert.Single(told.GetProperty("events").EnumerateArray());
        Assert.Equal(("feed:reset", "0"), (reset.Text("stage"), reset.Text("seq")));
        Assert.Equal("186", reset.GetProperty("meta").Text("after"));
        Assert.Equal("2", reset.GetProperty("meta").Text("last_seq"));
        Assert.False(told.GetProperty("at_end").GetBoolean());
        Assert.Equal("b", Assert.Single(next.GetProperty("events").EnumerateArray()).Text("stage"));
    }

    [Fact]
    public async Task Page_OfARunThatIsNotThere_AnswersProblemAfterAnyNumber()
    {
        await using var server = await TestServer.StartAsync();
        AddWithEvents(server.Grid, "a", "b");

        using var response = await server.Http.GetAsync($"/api/v1/runs/{RunId.From(Guid.NewGuid())}/events?after=186");

        Assert.Equal("AG2021", (await response.JsonAsync()).Text("code"));
    }

    [Fact]
    public async Task Stream_FromTheStart_GoesLiveAndEndsWithTheRun()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid, "a:start");
        using var response = await StreamAsync(server, id);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("id: 1", await lines.ReadLineAsync());
        Assert.StartsWith("data: {\"seq\":1,", await lines.ReadLineAsync());
        Assert.Equal("", await lines.ReadLineAsync());
        server.Grid.End(id);
        server.Grid.Publish(id, "completed", ends: true);
        Assert.Equal("id: 2", await lines.ReadLineAsync());
        Assert.EndsWith("\n\n", await lines.ReadToEndAsync());
    }

    [Fact]
    public async Task Stream_RunThatWasRetried_GoesOnBehindItsFirstEnd()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid, "a:start");
        server.Grid.Publish(id, "cancelled", ends: true);
        using var response = await StreamAsync(server, id);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await lines.ReadLineAsync() != "id: 2")
        {
        }

        server.Grid.End(id);
        server.Grid.Publish(id, "completed", ends: true);

        Assert.Contains("id: 3", await lines.ReadToEndAsync());
    }

    [Fact]
    public async Task Stream_LastEventId_WinsOverAfter()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid, "a", "b", "c");
        server.Grid.End(id);

        using var response = await StreamAsync(server, id, "?after=0", lastEventId: "2");

        Assert.StartsWith("id: 3\n", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Stream_StageFilter_StillEndsWithTheRun()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid, "a", "b");
        using var response = await StreamAsync(server, id, "?stage=b");

        server.Grid.End(id);
        server.Grid.Publish(id, "completed", ends: true);

        var text = await response.Content.ReadAsStringAsync();
        Assert.StartsWith("id: 2\ndata: {", text);
        Assert.Equal(1, text.Split("id: ").Length - 1);
    }

    [Fact]
    public async Task Stream_EndedRunWithNothingMore_TellsTheClientToStop()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid, "a", "completed");
        server.Grid.End(id);

        using var response = await StreamAsync(server, id, lastEventId: "2");

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    [Fact]
    public async Task Stream_Typed_HasTheStageAsTheType()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid, "a:start", "completed");
        server.Grid.End(id);

        using var response = await StreamAsync(server, id, "?events=typed");

        var text = await response.Content.ReadAsStringAsync();
        Assert.StartsWith("id: 1\nevent: a:start\ndata: {", text);
        Assert.Contains("\n\nid: 2\nevent: completed\ndata: {", text);
    }

    [Fact]
    public async Task Stream_EndedRunOfWhichTheFilterLetsNothingThrough_TellsTheClientToStop()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid, [.. Enumerable.Repeat("a", 1_200), "completed"]);
        server.Grid.End(id);

        using var response = await StreamAsync(server, id, "?stage=motion:*");

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    [Fact]
    public async Task Stream_RunEndsAndIsSkippedBeforeAnybodyLooks_Ends()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid, "a");
        using var response = await StreamAsync(server, id);
        await server.Grid.UntilAsync(g => g.Followers == 1);

        // The run is seen as ended only after its last event, and more came meanwhile.
        server.Grid.Publish(id, "completed", ends: true);
        server.Grid.Publish(id, "skipped");
        server.Grid.End(id);
        server.Grid.Publish(id, "skipped");

        var text = await response.Content.ReadAsStringAsync().WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Contains("id: 3\n", text);
        await server.Grid.UntilAsync(g => g.Followers == 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stream_AfterANumberBeyondTheNewest_SaysSoAndStartsOver(bool ended)
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid, "a", "b");
        if (ended)
        {
            server.Grid.End(id);
        }
        using var response = await StreamAsync(server, id, "?stage=b", lastEventId: "186");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.Equal("id: 0", await lines.ReadLineAsync());
        Assert.StartsWith("data: {\"seq\":0,", await lines.ReadLineAsync());
        Assert.Equal("", await lines.ReadLineAsync());
        Assert.Equal("id: 2", await lines.ReadLineAsync());
    }

    [Fact]
    public async Task Stream_OfARunWithNothingNew_BeginsAtOnce()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid, "a");

        using var response = await StreamAsync(server, id, lastEventId: "1").WaitAsync(TimeSpan.FromSeconds(10));

        // No event, and long before the first sign of life, which comes after 15 s.
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Stream_FilterLetsNothingThrough_KeepsTheConnectionAlive()
    {
        await using var server = await TestServer.StartAsync("--AgentGrid:KeepAlive=00:00:00.500");
        var id = AddWithEvents(server.Grid);
        using var stop = new CancellationTokenSource();
        var busy = Task.Run(async () =>
        {
            using var often = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while (!stop.IsCancellationRequested)
            {
                server.Grid.Publish(id, "b:start");
                await often.WaitForNextTickAsync();
            }
        });
        using var response = await StreamAsync(server, id, "?stage=completed");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(": keep-alive", await lines.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)));
            Assert.Equal("", await lines.ReadLineAsync());
        }
        await stop.CancelAsync();
        await busy;
    }

    [Fact]
    public async Task Stream_HeadAlone_IsAnsweredAndLeavesTheGrid()
    {
        await using var server = await TestServer.StartAsync();
        var running = AddWithEvents(server.Grid, "a");
        var over = AddWithEvents(server.Grid, "a");
        server.Grid.End(over);

        using var one = await StreamAsync(server, running, method: HttpMethod.Head);
        using var two = await StreamAsync(server, over, method: HttpMethod.Head);
        using var three = await StreamAsync(server, over, "?stage=x", method: HttpMethod.Head);

        Assert.Equal("text/event-stream", one.Content.Headers.ContentType?.MediaType);
        Assert.Equal("text/event-stream", two.Content.Headers.ContentType?.MediaType);
        Assert.Equal(HttpStatusCode.NoContent, three.StatusCode);
        Assert.Empty(await one.Content.ReadAsByteArrayAsync());
        Assert.Equal(0, server.Grid.Followers);
    }

    [Fact]
    public async Task Stream_Idle_KeepsTheConnectionAlive()
    {
        await using var server = await TestServer.StartAsync("--AgentGrid:KeepAlive=00:00:00.050");
        var id = AddWithEvents(server.Grid);
        using var response = await StreamAsync(server, id);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.Equal(": keep-alive", await lines.ReadLineAsync());
    }

    [Fact]
    public async Task Stream_ClientLeaves_LeavesTheGrid()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /api/v1/runs/{AddWithEvents(server.Grid)}/events HTTP/1.1\r\nHost: localhost\r\n" +
            "Accept: text/event-stream\r\n\r\n"));
        await server.Grid.UntilAsync(g => g.Followers == 1);

        client.Close();

        await server.Grid.UntilAsync(g => g.Followers == 0);
    }

    [Fact]
    public async Task Stream_ServerStops_Ends()
    {
        await using var server = await TestServer.StartAsync();
        using var response = await StreamAsync(server, AddWithEvents(server.Grid, "a"));
        await server.Grid.UntilAsync(g => g.Followers == 1);

        await server.StopAsync().WaitAsync(TimeSpan.FromMinutes(1));

        Assert.StartsWith("id: 1\n", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(null, "AG2021", HttpStatusCode.NotFound)]
    [InlineData("x", "AG2008", HttpStatusCode.BadRequest)]
    [InlineData("-1", "AG2008", HttpStatusCode.BadRequest)]
    [InlineData("9223372036854775807", "AG2008", HttpStatusCode.BadRequest)]
    public async Task Stream_UnknownRunOrBadHeader_AnswersProblem(string? last, string code, HttpStatusCode status)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await StreamAsync(server, RunId.From(Guid.NewGuid()), lastEventId: last);

        Assert.Equal(status, response.StatusCode);
        Assert.Equal(code, (await response.JsonAsync()).Text("code"));
    }

    private static RunId AddWithEvents(FakeGrid grid, params string[] stages)
    {
        var id = grid.Add().Summary.RunId;
        foreach (var stage in stages)
        {
            grid.Publish(id, stage);
        }
        return id;
    }

    private static async Task<HttpResponseMessage> StreamAsync(
        TestServer server, RunId id, string query = "", string? lastEventId = null, HttpMethod? method = null)
    {
        var request = new HttpRequestMessage(method ?? HttpMethod.Get, $"/api/v1/runs/{id}/events{query}");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }
        return await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
