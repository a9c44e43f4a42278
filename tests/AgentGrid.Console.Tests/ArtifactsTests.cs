using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>What a step has written besides its output.</summary>
[Collection(BrowserCollection.Name)]
public sealed class ArtifactsTests(Chromium chromium)
{
    [Fact]
    public async Task Step_ArtifactsOfItsOutput_AreShownAndCanBeSaved()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var run = await server.PostAsync("m", """{"draw":{"agent":"artist"}}""");
        await page.GoAsync($"#/runs/{run}");
        await page.ClickAsync(".node", "draw");
        await page.SeesAsync(".step h3", "Artifacts (4)");

        await page.ClickAsync(".artifact summary", "point.png");
        await page.UntilAsync("document.querySelector('.artifact img')?.naturalWidth === 1");
        await page.ClickAsync(".artifact summary", "frames.npy");
        await page.SeesAsync(".artifact p.num", "f4 (2 × 3)");
        await page.SeesAsync(".artifact pre", "0.5, 1, 1.5, 2, 2.5, 3");
        await page.ClickAsync(".artifact summary", "note");
        await page.SeesAsync(".artifact pre", "<b>zwölf</b>");

        // A page is saved, and never shown.
        await page.SeesAsync("p.artifact", "page text/html, 18 B");
        var link = await page.EvaluateAsync("document.querySelector('p.artifact a').href");
        Assert.Equal("<script>x</script>", await server.Http.GetStringAsync(link.GetString()));
        page.HasNotComplained();
    }
}
