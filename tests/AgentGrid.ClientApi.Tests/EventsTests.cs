using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using AgentGrid.Core.Runs;

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
    [InlineData("limit=0")]
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
    public async Task Stream_FromTheStart_GoesLiveAndEndsWithTheRun()
    {
        await using var server = await TestServer.StartAsync();
        var id = AddWithEvents(server.Grid, "a:start");
        using var response = await StreamAsync(server, id);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("id: 1", await lines.ReadLineAsync());
        Assert.Equal("event: a:start", await lines.ReadLineAsync());
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
        Assert.StartsWith("id: 2\nevent: b\n", text);
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
        TestServer server, RunId id, string query = "", string? lastEventId = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{id}/events{query}");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }
        return await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
