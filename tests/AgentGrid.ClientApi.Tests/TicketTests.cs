using System.Net;
using System.Net.WebSockets;
using AgentGrid.Api.Security;

namespace AgentGrid.ClientApi.Tests;

/// <summary>A ticket in the place of a key, for those who cannot send a header.</summary>
public sealed class TicketTests
{
    private const string Reader = "reader-key";
    private const string Poster = "poster-key";
    private const string Secret = "a secret of all";

    private static readonly string[] s_keys = [
        "--AgentGrid:ApiKeys:0:Name=reader", $"--AgentGrid:ApiKeys:0:Hash={KeyHash.Of(Reader)}",
        "--AgentGrid:ApiKeys:0:Scopes:0=read",
        "--AgentGrid:ApiKeys:1:Name=poster", $"--AgentGrid:ApiKeys:1:Hash={KeyHash.Of(Poster)}",
        "--AgentGrid:ApiKeys:1:Scopes:0=submit"];

    [Fact]
    public async Task Ticket_OfAKey_OpensStreamsAndWebSockets()
    {
        await using var server = await TestServer.StartAsync(s_keys);
        var run = server.Grid.Add().Summary.RunId;
        server.Grid.Publish(run, "a:start");
        var ticket = await IssueAsync(server);

        using var stream = await StreamAsync(server, $"/api/v1/runs/{run}/events?ticket={ticket}");
        using var socket = await server.ConnectAsync($"?after=0&ticket={ticket}");

        Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
        Assert.Equal(1, await socket.SeqAsync());
    }

    [Fact]
    public async Task Ticket_Elsewhere_IsNotTaken()
    {
        await using var server = await TestServer.StartAsync(s_keys);
        var run = server.Grid.Add().Summary.RunId;
        var ticket = await IssueAsync(server);

        using var page = await server.Http.GetAsync($"/api/v1/runs/{run}/events?ticket={ticket}");
        using var list = await server.Http.GetAsync($"/api/v1/runs?ticket={ticket}");
        using var another = await server.PostAsync($"/api/v1/tickets?ticket={ticket}", "");
        using var header = new HttpRequestMessage(HttpMethod.Get, "/api/v1/runs");
        header.Headers.Add("X-Api-Key", ticket);
        using var asKey = await server.Http.SendAsync(header);

        Assert.All([page, list, another, asKey], r => Assert.Equal(HttpStatusCode.Unauthorized, r.StatusCode));
    }

    [Theory]
    [InlineData(null, HttpStatusCode.Unauthorized)]
    [InlineData("wrong", HttpStatusCode.Unauthorized)]
    [InlineData(Poster, HttpStatusCode.Forbidden)]
    public async Task Issue_WithoutAKeyThatReads_IsRefused(string? key, HttpStatusCode status)
    {
        await using var server = await TestServer.StartAsync(s_keys);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/tickets");
        if (key is not null)
        {
            request.Headers.Add("X-Api-Key", key);
        }

        using var response = await server.Http.SendAsync(request);

        Assert.Equal(status, response.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("agt_")]
    [InlineData("agt_AAAA")]
    [InlineData(Reader)]
    [InlineData("x{ticket}")]
    [InlineData("{ticket}A")]
    [InlineData("{ticket}&ticket={ticket}")]
    public async Task Ticket_ThatIsNone_IsRefusedWithTheRemedy(string text)
    {
        await using var server = await TestServer.StartAsync(s_keys);
        var ticket = text.Replace("{ticket}", await IssueAsync(server), StringComparison.Ordinal);

        using var response = await StreamAsync(server, $"/api/v1/runs/{Guid.Empty:N}/events?ticket={ticket}");

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains("POST /api/v1/tickets", (await response.JsonAsync()).Text("detail"));
        var connect = () => server.ConnectAsync($"?ticket={ticket}");
        Assert.Contains("401", (await Assert.ThrowsAsync<WebSocketException>(connect)).Message);
    }

    [Fact]
    public async Task Issue_WhereNoKeysAreAskedFor_GivesOneThatIsNoMatter()
    {
        await using var server = await TestServer.StartAsync();
        var run = server.Grid.Add().Summary.RunId;
        using var response = await server.PostAsync("/api/v1/tickets", "");
        var ticket = (await response.JsonAsync()).Text("ticket");

        using var stream = await StreamAsync(server, $"/api/v1/runs/{run}/events?ticket={ticket}");

        Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
    }

    [Fact]
    public void Find_AfterItsTime_IsNobody()
    {
        var time = new ManualTime();
        var tickets = Of(Ring(Reader), Secret, time);
        var (ticket, expiresAt) = tickets.Issue(Ring(Reader).Find(Reader));

        Assert.Equal(time.Now.AddSeconds(60), expiresAt);
        time.Advance(TimeSpan.FromMilliseconds(59_999));
        Assert.Equal("k", tickets.Find(ticket)?.Name);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(tickets.Find(ticket));
    }

    [Fact]
    public void Find_OfAnyByteChanged_IsNobody()
    {
        var time = new ManualTime();
        var tickets = Of(Ring(Reader), Secret, time);
        var (ticket, _) = tickets.Issue(Ring(Reader).Find(Reader));

        for (var i = 0; i < ticket.Length; i++)
        {
            var changed = ticket.ToCharArray();
            changed[i] = changed[i] == 'B' ? 'C' : 'B';
            Assert.Null(tickets.Find(new string(changed)));
        }
    }

    [Fact]
    public void Find_InAnotherProcess_KnowsItByTheSecretAndTheKeys()
    {
        var time = new ManualTime();
        var (ticket, _) = Of(Ring(Reader), Secret, time).Issue(Ring(Reader).Find(Reader));

        Assert.Equal("k", Of(Ring(Reader), Secret, time).Find(ticket)?.Name);
        Assert.Null(Of(Ring("its key was replaced"), Secret, time).Find(ticket));
        Assert.Null(Of(Ring(Reader), "another secret", time).Find(ticket));
        Assert.Null(Of(Ring(Reader), null, time).Find(ticket));
        Assert.Null(Of(ApiKeyRing.Read([]), Secret, time).Find(ticket));
    }

    [Fact]
    public void Find_OfATicketOfNobody_IsNobody()
    {
        var (ticket, _) = Of(ApiKeyRing.Read([]), Secret, new ManualTime()).Issue(null);

        Assert.Null(Of(Ring(Reader), Secret, new ManualTime()).Find(ticket));
    }

    private static Tickets Of(ApiKeyRing keys, string? secret, TimeProvider time) => new(keys, secret, time);

    private static ApiKeyRing Ring(string key) => ApiKeyRing.Read([new ApiKeyOptions { Name = "k", Hash = KeyHash.Of(key) }]);

    private static async Task<string> IssueAsync(TestServer server)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/tickets");
        request.Headers.Add("X-Api-Key", Reader);
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.JsonAsync()).Text("ticket");
    }

    private static async Task<HttpResponseMessage> StreamAsync(TestServer server, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/event-stream");
        return await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
