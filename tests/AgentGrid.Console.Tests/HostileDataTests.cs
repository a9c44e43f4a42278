using System.Text.Json;
using AgentGrid.Console.Tests.Browser;
using AgentGrid.Core.Grid;

namespace AgentGrid.Console.Tests;

/// <summary>Whatever users write is shown as what they wrote, and does nothing.</summary>
[Collection(BrowserCollection.Name)]
public sealed class HostileDataTests(Chromium chromium)
{
    private const string Attack = "<img src=x onerror=\\\"window.hacked=1\\\"><script>window.hacked=1</script>";
    private const string Shown = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>";

    [Fact]
    public async Task Markup_InEveryFieldThatUsersWrite_IsShownAsText()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        using var content = new StringContent($$$"""
            {"match_id":"{{{Attack}}}","round":"{{{Attack}}}","{{{Attack}}}":["{{{Attack}}}"],
             "plan":{"steps":{"echo":{"agent":"echo","input":{"{{{Attack}}}":"{{{Attack}}}"} },
                     "bad":{"needs":["echo"],"agent":"delay","input":{"ms":"{{{Attack}}}"},"optional":true},
                     "broken":{"agent":"broken","input":{"{{{Attack}}}":0},"optional":true } } } }
            """, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        using var response = await server.Http.PostAsync("api/v1/orchestrate?wait=10s", content);
        var run = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        var id = run.GetProperty("run_id").GetString();

        await page.GoAsync("#/runs");
        await page.SeesAsync(".rows .row", Shown);
        await IsHarmlessAsync(page);

        await page.GoAsync($"#/runs/{id}?step=echo");
        await page.SeesAsync("h1", Shown);
        await page.SeesAsync(".step .json", Shown);
        await IsHarmlessAsync(page);
        await page.ClickAsync(".node", "bad");
        await page.SeesAsync(".step .error-box", "ms");
        await IsHarmlessAsync(page);

        // What was thrown is folded away until somebody asks.
        await page.ClickAsync(".node", "broken");
        await page.SeesAsync(".attempt .error-box summary", "System.InvalidOperationException");
        Assert.False((await page.EvaluateAsync("document.querySelector('.attempt .error-box pre').checkVisibility()")).GetBoolean());
        await page.ClickAsync(".attempt .error-box summary", "System.InvalidOperationException");
        await page.SeesAsync(".attempt .error-box pre", Shown);
        await page.SeesAsync(".attempt .error-box pre", "BrokenAgent.InvokeAsync");
        await IsHarmlessAsync(page);

        await page.ClickAsync("button", "Post again");
        await page.UntilAsync("document.getElementById('match_id')?.value.startsWith('<img')");
        await IsHarmlessAsync(page);
        page.HasNotComplained();
    }

    [Fact]
    public async Task Markup_InFiltersReasonsAndRefusals_IsShownAsText()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        page.ExpectsFailedRequests = true;
        var id = await server.PostAsync("m", """{"a":{"agent":"delay","input":{"ms":60000}}}""");
        using var reason = new StringContent(
            $$"""{"reason":"{{Attack}}"}""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        (await server.Http.PostAsync($"api/v1/runs/{id}/cancel", reason)).Dispose();

        await page.GoAsync($"#/runs/{id}");
        await page.SeesAsync(".error-box", Shown);
        await IsHarmlessAsync(page);

        await page.GoAsync($"#/runs?match_id={Uri.EscapeDataString(Shown)}");
        await page.ClickAsync("button", "Cancel matching");
        await page.SeesAsync(".toast", Shown);
        await IsHarmlessAsync(page);

        await page.GoAsync("#/try");
        await page.ChooseAsync("#plan", "{ inline }");
        await page.FillAsync("#inline", $$$"""{"steps":{"{{{Attack}}}":{"agent":"{{{Attack}}}"} } }""");
        await page.ClickAsync("button", "Start the run");
        await page.SeesAsync("#inline-problem", "<img");
        await IsHarmlessAsync(page);
        page.HasNotComplained();
    }

    [Fact]
    public async Task Markup_InWhatNodesSayOfThemselves_IsShownAsText()
    {
        await using var server = await ConsoleServer.StartClusterAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        server.Cluster.Nodes = () =>
        [
            new NodeDetails
            {
                Name = Shown, Queues = [Shown], Running = 1, Slots = [new(Shown, 1, 2)],
                Gpus = [new(0, Shown, 2, 0, 1, 1)], WarmAgents = [Shown], Agents = [new(Shown, 1)],
                SeenAt = DateTimeOffset.UtcNow,
            },
        ];
        server.Cluster.Placement = new(Shown, Shown, [new(Shown, 1, 1, 0, 1, Shown)]);
        var id = await server.PostAsync("placed", """{"a":{"agent":"echo"}}""");

        await page.GoAsync("#/nodes");
        await page.SeesAsync(".node-card h2", Shown);
        await page.SeesAsync(".node-card .bar", $"GPU 0 · {Shown}");
        await IsHarmlessAsync(page);
        await page.GoAsync($"#/runs/{id}?step=a");
        await page.SeesAsync(".why", $"Why this node: {Shown}");
        await IsHarmlessAsync(page);
        // The name goes over several lines: its middle, where a mouse would click, may be beside it.
        await page.EvaluateAsync("document.querySelector('.attempt a').click()");
        await page.SeesAsync(".node-card[data-named] h2", Shown);
        await IsHarmlessAsync(page);
        page.HasNotComplained();
    }

    [Fact]
    public async Task Browser_ToldToMakeMarkupOfText_Refuses()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        page.ExpectsFailedRequests = true;
        await page.GoAsync("#/runs");

        var refused = await page.EvaluateAsync(
            "(() => { try { document.body.innerHTML = '<b>x</b>'; return 'made'; } catch (e) { return e.name; } })()");

        Assert.Equal("TypeError", refused.GetString());
    }

    private static async Task IsHarmlessAsync(Page page)
    {
        var state = await page.EvaluateAsync(
            "[window.hacked ?? 0, document.querySelectorAll('main img, main script, dialog img, #toasts img').length]");
        Assert.Equal(0, state[0].GetInt32());
        Assert.Equal(0, state[1].GetInt32());
    }
}
