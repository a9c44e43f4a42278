using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text.Json;
using AgentGrid.Api.Security;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.ClientApi.Tests;

public sealed class AccessTests
{
    private const string Body = """{"match_id":"m","round":"r"}""";
    private const string Reader = "reader-key";
    private const string Poster = "poster-key";
    private const string Both = "both-key";

    private static readonly string[] Keys = [
        "--AgentGrid:ApiKeys:0:Name=reader", $"--AgentGrid:ApiKeys:0:Hash={KeyHash.Of(Reader)}",
        "--AgentGrid:ApiKeys:0:Scopes:0=read",
        "--AgentGrid:ApiKeys:1:Name=poster", $"--AgentGrid:ApiKeys:1:Hash={KeyHash.Of(Poster)}",
        "--AgentGrid:ApiKeys:1:Scopes:0=submit",
        "--AgentGrid:ApiKeys:2:Name=both", $"--AgentGrid:ApiKeys:2:Hash={KeyHash.Of(Both)}"];

    public static TheoryData<string, string, string?, int> Matrix
    {
        get
        {
            var data = new TheoryData<string, string, string?, int>();
            foreach (var path in new[] { "/api/v1/runs", "/api/v1/agents", "/api/v1/plans", "/health" })
            {
                data.Add("GET", path, null, 401);
                data.Add("GET", path, "wrong", 401);
                data.Add("GET", path, Poster, 403);
                data.Add("GET", path, Reader, 200);
                data.Add("GET", path, Both, 200);
            }
            data.Add("POST", "/api/v1/orchestrate", null, 401);
            data.Add("POST", "/api/v1/orchestrate", Reader, 403);
            data.Add("POST", "/api/v1/orchestrate", Poster, 202);
            data.Add("POST", "/api/v1/orchestrate", Both, 202);
            data.Add("POST", "/api/v1/runs/x/cancel", Reader, 403);
            data.Add("POST", "/api/v1/runs/x/cancel", Poster, 404);
            data.Add("POST", "/api/v1/runs/x/signals/y", Reader, 403);
            data.Add("POST", "/api/v1/runs/x/signals/y", Poster, 404);
            data.Add("POST", "/api/v1/runs/x/approvals/y", Reader, 403);
            data.Add("GET", "/api/v1/approvals", Poster, 403);
            data.Add("GET", "/api/v1/approvals", Reader, 200);
            data.Add("POST", "/api/v1/runs/x/retry", Reader, 403);
            data.Add("POST", "/api/v1/runs/x/retry", Poster, 404);
            data.Add("POST", "/api/v1/route", null, 401);
            data.Add("POST", "/api/v1/route", Poster, 403);
            data.Add("GET", "/api/v1/plans/x/hedges", Poster, 403);
            data.Add("GET", "/api/v1/plans/x/hedges", Reader, 200);
            data.Add("POST", "/api/v1/plans/check", null, 401);
            data.Add("POST", "/api/v1/plans/check", Poster, 403);
            data.Add("POST", "/api/v1/plans/check", Reader, 200);
            data.Add("GET", "/api/v1/runs/x/events", null, 401);
            data.Add("GET", "/ws/agents", null, 401);
            data.Add("GET", "/ws/agents", Poster, 403);
            data.Add("GET", "/ws/agents?api_key=" + Reader, null, 401);
            data.Add("GET", "/ws/agents?ticket=" + Reader, null, 401);
            data.Add("POST", "/api/v1/tickets", null, 401);
            data.Add("POST", "/api/v1/tickets", Poster, 403);
            data.Add("POST", "/api/v1/tickets", Reader, 200);
            data.Add("HEAD", "/api/v1/runs", null, 401);
            data.Add("HEAD", "/api/v1/runs", Reader, 200);
            data.Add("GET", "/health/live", null, 200);
            data.Add("GET", "/health/ready", null, 200);
            return data;
        }
    }

    [Fact]
    public async Task Keys_WithoutSubmit_SeeWhatAnAgentHasThrownAndNotWhere()
    {
        await using var server = await TestServer.StartAsync(Keys);
        var id = server.Grid.Add().Summary.RunId;
        var error = new RunError(ErrorKind.Error, "error", "it broke") { Type = "KeyError", Detail = "in a\nin b" };
        server.Grid.Update(id, r => r with
        {
            Steps = [new StepDetails
            {
                Id = "a", Mode = "one", Needs = [], Status = StepStatus.Failed,
                Attempts = [new AttemptDetails { Attempt = 1, Branch = 0, Agent = "x", Status = AttemptStatus.Failed, QueuedAt = default, Error = error }],
            }],
        });

        Assert.Equal(("KeyError", false), await ShownTo(Reader));
        Assert.Equal(("KeyError", true), await ShownTo(Both));

        async Task<(string? Type, bool HasDetail)> ShownTo(string key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{id}");
            request.Headers.Add("X-Api-Key", key);
            using var response = await server.Http.SendAsync(request);
            var shown = JsonElement.Parse(await response.Content.ReadAsStringAsync())
                .GetProperty("steps")[0].GetProperty("attempts")[0].GetProperty("error");
            return (shown.Text("type"), shown.TryGetProperty("detail", out _));
        }
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Keys_EveryRoute_NeedsItsScope(string method, string path, string? key, int status)
    {
        await using var server = await TestServer.StartAsync(Keys);
        foreach (var bearer in new[] { false, true })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            request.Content = path is "/api/v1/orchestrate" or "/api/v1/route" or "/api/v1/plans/check" ? Posted() : null;
            if (key is not null && bearer)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            }
            else if (key is not null)
            {
                request.Headers.Add("X-Api-Key", key);
            }

            using var response = await server.Http.SendAsync(request);

            Assert.Equal(status == 202 && bearer ? 200 : status, (int)response.StatusCode);
            Assert.Equal(status == 401, response.Headers.WwwAuthenticate.Count == 1);
            if (status is 401 or 403 && method != "HEAD")
            {
                Assert.Equal(status == 401 ? "AG2040" : "AG2041", (await response.JsonAsync()).Text("code"));
            }
        }
    }

    [Fact]
    public async Task Keys_Post_CarriesTheNameOfTheKeyAsTenant()
    {
        await using var server = await TestServer.StartAsync(Keys);
        server.Http.DefaultRequestHeaders.Add("X-Api-Key", Poster);

        await server.PostAsync("/api/v1/orchestrate", Body);

        Assert.Equal("poster", server.Grid.Submitted[0].Tenant);
    }

    [Fact]
    public async Task Keys_Run_SaysTheNameOfTheKeyThatItWasPostedWith()
    {
        await using var server = await TestServer.StartAsync(Keys);
        server.Http.DefaultRequestHeaders.Add("X-Api-Key", Both);
        using var posted = await server.PostAsync("/api/v1/orchestrate", Body);
        var self = (await posted.JsonAsync()).GetProperty("links").Text("self");

        var run = await server.Http.GetStringAsync(self);

        Assert.Equal("both", JsonElement.Parse(run).Text("submitted_by"));
        Assert.DoesNotContain(Both, run, StringComparison.Ordinal);
        Assert.DoesNotContain(KeyHash.Of(Both), run, StringComparison.Ordinal);
        var line = (await server.GetJsonAsync("/api/v1/runs")).GetProperty("runs")[0];
        Assert.False(line.TryGetProperty("submitted_by", out _));
    }

    [Fact]
    public async Task Keys_WebSocket_TakesHeaderOrProtocol()
    {
        await using var server = await TestServer.StartAsync(Keys);

        using var byHeader = await server.ConnectAsync("", o => o.SetRequestHeader("X-Api-Key", Reader));
        using var byProtocol = await server.ConnectAsync("", o =>
        {
            o.AddSubProtocol("agentgrid");
            o.AddSubProtocol($"key.{Reader}");
        });

        Assert.Equal(WebSocketState.Open, byHeader.State);
        Assert.Equal("agentgrid", byProtocol.SubProtocol);
        await Assert.ThrowsAsync<WebSocketException>(() => server.ConnectAsync("", o => o.AddSubProtocol("key.wrong")));
    }

    [Fact]
    public async Task CommandLineKey_HasBothScopes()
    {
        await using var server = await TestServer.StartAsync("--api-key-hash", KeyHash.Of("k"));

        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Http.GetAsync("/api/v1/runs")).StatusCode);
        server.Http.DefaultRequestHeaders.Add("X-Api-Key", "k");
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync("/api/v1/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, (await server.PostAsync("/api/v1/orchestrate", Body)).StatusCode);
    }

    [Theory]
    [InlineData("POST", "/api/v1/orchestrate", "https://evil.example", 403)]
    [InlineData("POST", "/api/v1/orchestrate", "null", 403)]
    [InlineData("POST", "/api/v1/orchestrate", "http://127.0.0.1:1", 403)]
    [InlineData("POST", "/api/v1/orchestrate", "http://127.0.0.1:{port}", 202)]
    [InlineData("POST", "/api/v1/orchestrate", "http://console.example:5173", 202)]
    [InlineData("POST", "/api/v1/orchestrate", "http://console.example:1", 403)]
    [InlineData("POST", "/api/v1/runs/x/cancel", "https://evil.example", 403)]
    [InlineData("GET", "/api/v1/runs", "https://evil.example", 200)]
    public async Task NoKeys_PagesOfOtherOrigins_MayNotChangeAnything(
        string method, string path, string origin, int status)
    {
        await using var server = await TestServer.StartAsync("--AgentGrid:TrustedHosts:0=console.example:5173");
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = method == "POST" ? Posted() : null;
        request.Headers.Add("Origin", origin.Replace("{port}", $"{server.Address.Port}"));

        using var response = await server.Http.SendAsync(request);

        Assert.Equal(status, (int)response.StatusCode);
        if (status == 403)
        {
            Assert.Equal("AG2042", (await response.JsonAsync()).Text("code"));
            Assert.Empty(server.Grid.Submitted);
        }
    }

    [Fact]
    public async Task NoKeys_WebSocketOfAnotherOrigin_IsRefused()
    {
        await using var server = await TestServer.StartAsync();

        var connect = () => server.ConnectAsync("", o => o.SetRequestHeader("Origin", "https://evil.example"));

        Assert.Contains("403", (await Assert.ThrowsAsync<WebSocketException>(connect)).Message);
    }

    [Theory]
    [InlineData("evil.example", 403)]
    [InlineData("evil.example:8000", 403)]
    [InlineData("localhost", 200)]
    [InlineData("[::1]:8000", 200)]
    [InlineData("grid.internal", 200)]
    public async Task NoKeys_HostOfAnotherName_IsRefused(string host, int status)
    {
        await using var server = await TestServer.StartAsync("--AgentGrid:TrustedHosts:0=grid.internal");
        server.Http.DefaultRequestHeaders.Host = host;

        using var response = await server.Http.GetAsync("/api/v1/runs");

        Assert.Equal(status, (int)response.StatusCode);
    }

    private static StringContent Posted() => new(Body, new MediaTypeHeaderValue("application/json"));

    [Fact]
    public void NewKey_Always_IsFreshAndFitsItsHash()
    {
        var (one, other) = (KeyHash.NewKey(), KeyHash.NewKey());
        var ring = ApiKeyRing.Read([new ApiKeyOptions { Name = "a", Hash = KeyHash.Of(one) }]);

        Assert.NotEqual(one, other);
        Assert.Equal("a", ring.Find(one)?.Name);
        Assert.Null(ring.Find(other));
        Assert.Null(ring.Find(""));
    }
}
