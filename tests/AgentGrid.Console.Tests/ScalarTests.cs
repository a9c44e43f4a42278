using System.Net;
using System.Text.RegularExpressions;
using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>The page of the API's description.</summary>
[Collection(BrowserCollection.Name)]
public sealed partial class ScalarTests(Chromium chromium)
{
    private const string Key = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    [Fact]
    public async Task Page_WithKeysConfigured_IsOpenAndHasItsScriptsFromHere()
    {
        await using var server = await ConsoleServer.StartAsync("--api-key-hash", Key);

        using var page = await server.Http.GetAsync("scalar");
        var html = await page.Content.ReadAsStringAsync();

        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        var nonce = Nonce().Match(policy).Groups[1].Value;
        Assert.All(Script().Matches(html), s => Assert.Contains($"nonce=\"{nonce}\"", WebUtility.HtmlDecode(s.Value), StringComparison.Ordinal));
        Assert.DoesNotContain("://", html + policy, StringComparison.Ordinal);
        var scripts = Source().Matches(html).Select(m => m.Groups[1].Value).ToArray();
        Assert.Equal(2, scripts.Length);
        foreach (var name in scripts)
        {
            using var script = await server.Http.GetAsync($"scalar/{name}");
            Assert.Equal(HttpStatusCode.OK, script.StatusCode);
            Assert.Equal("text/javascript", script.Content.Headers.ContentType!.MediaType);
            Assert.NotEmpty(await script.Content.ReadAsByteArrayAsync());
        }
        using var again = await server.Http.GetAsync("scalar/");
        Assert.NotEqual(policy, Assert.Single(again.Headers.GetValues("Content-Security-Policy")));
    }

    [Fact]
    public async Task Link_OfTheForm_LeadsToThePageOfEveryRequest()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/try");

        await page.ClickAsync("a", "All requests of the API");

        await page.SeesAsync("h1", "Agent Grid");
        await page.SeesAsync("aside, nav", "Start a run");
        await page.SeesAsync("body", "/api/v1/orchestrate");
        page.HasNotComplained();
    }

    [GeneratedRegex("'nonce-([^']+)'")]
    private static partial Regex Nonce();

    [GeneratedRegex("<script[^>]*>")]
    private static partial Regex Script();

    [GeneratedRegex("src=\"([^\"]+)\"")]
    private static partial Regex Source();
}
