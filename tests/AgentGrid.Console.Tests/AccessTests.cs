using AgentGrid.Api.Security;
using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>The console before a server that asks for a key.</summary>
[Collection(BrowserCollection.Name)]
public sealed class AccessTests(Chromium chromium)
{
    [Fact]
    public async Task Key_Asked_OpensListAndFeedAndStaysInTheTab()
    {
        var key = KeyHash.NewKey();
        await using var server = await ConsoleServer.StartAsync("--api-key-hash", KeyHash.Of(key));
        await using var page = await chromium.OpenAsync(server.Url);
        page.ExpectsFailedRequests = true;
        await page.GoAsync("#/runs");

        await page.FillAsync("#api-key", "ag_wrong");
        await page.ClickAsync("dialog button", "Use this key");
        await page.SeesAsync("dialog", "does not know this key");
        await page.FillAsync("#api-key", key);
        await page.ClickAsync("dialog button", "Use this key");

        await page.SeesAsync("#connection", "live");
        await page.SeesAsync("#summary", "No runs here yet");
        server.Http.DefaultRequestHeaders.Add("X-Api-Key", key);
        await server.PostAsync("with_key", """{"a":{"agent":"echo"}}""");
        await page.SeesAsync(".rows .row", "with_key");
        await page.ReloadAsync();
        await page.SeesAsync(".rows .row", "with_key");
        var kept = await page.EvaluateAsync("JSON.stringify(localStorage) + location.href");
        Assert.DoesNotContain(key, kept.GetString());
        page.HasNotComplained();
    }
}
