using System.Net;
using System.Net.Http.Headers;
using AgentGrid.Api.Security;

namespace AgentGrid.ClientApi.Tests;

/// <summary>Pages of trusted hosts may use the API from a browser, with and without keys; other pages may not.</summary>
public sealed class CrossOriginTests
{
    private const string Trusted = "https://console.example";
    private const string Evil = "https://evil.example";
    private const string Key = "key";

    private static readonly string[] s_open = ["--AgentGrid:TrustedHosts:0=console.example"];
    private static readonly string[] s_keys = [.. s_open, "--api-key-hash", KeyHash.Of(Key)];

    [Theory]
    [InlineData(false, "POST", "/api/v1/orchestrate", "content-type,x-api-key,content-encoding")]
    [InlineData(true, "POST", "/api/v1/orchestrate", "content-type,authorization")]
    [InlineData(true, "GET", "/api/v1/runs/x/events", "last-event-id,x-api-key")]
    [InlineData(true, "POST", "/api/v1/tickets", "x-api-key")]
    public async Task Preflight_OfATrustedPage_IsAnsweredWithWhatItMayDo(
        bool keys, string method, string path, string headers)
    {
        await using var server = await TestServer.StartAsync(keys ? s_keys : s_open);

        using var response = await PreflightAsync(server, path, method, Trusted, headers);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(Trusted, Assert.Single(response.Headers.GetValues("Access-Control-Allow-Origin")));
        Assert.Contains(method, ListOf(response, "Access-Control-Allow-Methods"));
        var allowed = ListOf(response, "Access-Control-Allow-Headers");
        Assert.All(headers.Split(','), h => Assert.Contains(h, allowed, StringComparer.OrdinalIgnoreCase));
        Assert.Equal("600", Assert.Single(response.Headers.GetValues("Access-Control-Max-Age")));
        Assert.False(response.Headers.Contains("Access-Control-Allow-Credentials"));
    }

    [Theory]
    [InlineData(false, Evil, HttpStatusCode.Forbidden)]
    [InlineData(true, Evil, HttpStatusCode.MethodNotAllowed)]
    [InlineData(false, "null", HttpStatusCode.Forbidden)]
    [InlineData(false, "ftp://console.example", HttpStatusCode.Forbidden)]
    [InlineData(false, "https://console.example.evil.example", HttpStatusCode.Forbidden)]
    public async Task Preflight_OfAnotherPage_IsRefused(bool keys, string origin, HttpStatusCode status)
    {
        await using var server = await TestServer.StartAsync(keys ? s_keys : s_open);

        using var response = await PreflightAsync(server, "/api/v1/orchestrate", "POST", origin, "content-type");

        Assert.Equal(status, response.StatusCode);
        Assert.DoesNotContain(response.Headers, h => h.Key.StartsWith("Access-Control", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/api/v1/runs", Key, HttpStatusCode.OK)]
    [InlineData("/api/v1/runs", "wrong", HttpStatusCode.Unauthorized)]
    [InlineData("/api/v1/runs?limit=0", Key, HttpStatusCode.BadRequest)]
    [InlineData("/nowhere", Key, HttpStatusCode.NotFound)]
    public async Task Answer_ToATrustedPage_CanBeReadByItAlone(string path, string key, HttpStatusCode status)
    {
        await using var server = await TestServer.StartAsync(s_keys);

        using var trusted = await GetAsync(server, path, key, Trusted);
        using var other = await GetAsync(server, path, key, Evil);

        Assert.Equal(status, trusted.StatusCode);
        Assert.Equal(Trusted, Assert.Single(trusted.Headers.GetValues("Access-Control-Allow-Origin")));
        Assert.Contains("Retry-After", ListOf(trusted, "Access-Control-Expose-Headers"));
        Assert.False(other.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Answer_ThatFails_CanBeReadByATrustedPage()
    {
        await using var server = await TestServer.StartAsync(s_open);
        server.Grid.NextFailure = new InvalidOperationException("a defect");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/orchestrate");
        request.Headers.Add("Origin", Trusted);
        request.Content = new StringContent(
            """{"match_id":"m","round":"r"}""", new MediaTypeHeaderValue("application/json"));

        using var response = await server.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal(Trusted, Assert.Single(response.Headers.GetValues("Access-Control-Allow-Origin")));
    }

    [Fact]
    public async Task Stream_OfAnotherPage_IsRefusedWhereNoKeyIsAskedFor()
    {
        await using var server = await TestServer.StartAsync(s_open);
        var run = server.Grid.Add().Summary.RunId;

        using var other = await GetAsync(server, $"/api/v1/runs/{run}/events", null, Evil, "text/event-stream");
        using var trusted = await GetAsync(server, $"/api/v1/runs/{run}/events", null, Trusted, "text/event-stream");

        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
        Assert.Equal(HttpStatusCode.OK, trusted.StatusCode);
        Assert.Equal(Trusted, Assert.Single(trusted.Headers.GetValues("Access-Control-Allow-Origin")));
    }

    private static async Task<HttpResponseMessage> PreflightAsync(
        TestServer server, string path, string method, string origin, string headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, path);
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", method);
        request.Headers.Add("Access-Control-Request-Headers", headers);
        return await server.Http.SendAsync(request);
    }

    private static async Task<HttpResponseMessage> GetAsync(
        TestServer server, string path, string? key, string origin, string? accept = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Origin", origin);
        if (key is not null)
        {
            request.Headers.Add("X-Api-Key", key);
        }
        if (accept is not null)
        {
            request.Headers.Accept.ParseAdd(accept);
        }
        return await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static string[] ListOf(HttpResponseMessage response, string header) =>
        [.. response.Headers.GetValues(header).SelectMany(v => v.Split(',', StringSplitOptions.TrimEntries))];
}
