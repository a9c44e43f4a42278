using System.Globalization;
using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>A step that is done for each item of a list, of a few and of very many.</summary>
[Collection(BrowserCollection.Name)]
public sealed class ItemsTests(Chromium chromium)
{
    private const int Many = 10_000;
    private const int Bad = 7;

    [Fact]
    public async Task Step_OfVeryManyItems_ShowsTheOneThatFailedFirstAndTheOthersAsTheyAreUnfolded()
    {
        await using var server = await ConsoleServer.StartAsync("--AgentGrid:Synchronous", "Normal");
        await using var page = await chromium.OpenAsync(server.Url);
        var players = string.Join(',', Enumerable.Range(0, Many).Select(i => string.Create(
            CultureInfo.InvariantCulture, $$"""{"id":{{76561198000000003 + i}},"rate":{{(i == Bad ? 1 : 0)}}}""")));
        var id = await server.PostAsync(
            "many",
            """
            {"a":{"agent":"flaky","mode":"each","for_each":"input.players[0].all","require":"settled",
                  "with":{"fail_rate":"item.rate"}}}
            """,
            $$""","players":[{"all":[{{players}}]}]""");

        await page.GoAsync($"#/runs/{id}");

        await page.SeesAsync(".run-head .state", "completed");
        await page.SeesAsync(".branch-counts", "1 failed, 9,999 ok");
        await page.SeesAsync(".branch-group[data-state=failed][open] .branch[open] summary",
            "[7] {\"id\":76561198000000010,\"rate\":1}");
        await page.SeesAsync(".branch-group[data-state=failed] .attempt .error-box", "failed on purpose");
        await page.UntilAsync("document.querySelectorAll('.branch').length === 1");
        // In the timeline there is room for 200 of them; the one that failed is among those.
        await page.UntilAsync("document.querySelectorAll('.tl-bar').length === 200");
        await page.UntilAsync("document.querySelectorAll('.tl-bar[data-state=failed]').length === 1");

        await page.ClickAsync(".branch-group[data-state=succeeded] > summary");
        await page.UntilAsync("document.querySelectorAll('.branch-group[data-state=succeeded] .branch').length === 50");
        await page.ClickAsync(".branch-group button", "9,949 more");
        await page.UntilAsync("document.querySelectorAll('.branch-group[data-state=succeeded] .branch').length === 100");
        await page.ClickAsync(".branch-group[data-state=succeeded] .branch summary", "[8]");
        await page.SeesAsync(".branch-group[data-state=succeeded] .attempt", "Why here");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Step_WhoseItemsRun_CountsThemAndKeepsWhatIsUnfolded()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var id = await server.PostAsync(
            "items",
            """{"list":{"agent":"echo"},"a":{"needs":["list"],"agent":"hold","mode":"each","for_each":"list.players"}}""",
            ""","players":["ann","bob","cy"]""");
        await page.GoAsync($"#/runs/{id}?step=a");

        await page.SeesAsync(".branch-counts", "3 running");
        await page.ClickAsync(".branch summary", "[1] \"bob\"");
        await page.SeesAsync(".branch[open] .attempt", "hold");
        await page.ClickAsync(".branch-group > summary", "3 items running");
        await page.ClickAsync(".branch-group > summary", "3 items running");
        HoldAgent.Release("items");

        await page.SeesAsync(".branch-counts", "3 ok");
        await page.SeesAsync(".branch-group[data-state=succeeded] .branch[open] summary", "[1] \"bob\"");
        await page.UntilAsync("document.querySelectorAll('.branch[open]').length === 1");
        page.HasNotComplained();
    }
}
