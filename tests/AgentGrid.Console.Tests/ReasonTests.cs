using System.Net.Http.Json;
using AgentGrid.Api.Security;
using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>Why runs ended, in their list; and who posted one.</summary>
[Collection(BrowserCollection.Name)]
public sealed class ReasonTests(Chromium chromium)
{
    private const string Fails = """{"a":{"agent":"flaky","input":{"fail_times":1}}}""";
    private const string Slow = """{"a":{"agent":"delay","input":{"ms":60000}}}""";
    private const string Attack = "<img src=x onerror=\"window.hacked=1\"> called off";

    [Fact]
    public async Task List_FailedAndCancelledRuns_SayWhyInRowsOfTheSameHeight()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await server.PostAsync("good", """{"a":{"agent":"echo"}}""");
        await server.PostAsync("match_with_a_name_that_is_longer_than_any_row_of_a_telephone", Fails);
        await CancelAsync(server, await server.PostAsync("off", Slow));

        await page.GoAsync("#/runs");
        foreach (var width in (int[])[1280, 800, 360])
        {
            await page.ResizeAsync(width, 740);
            await ShowsAsync(page);
            await KeepAsync(page, width);
        }
    }

    [Fact]
    public async Task List_RunsThatEndWhileItIsOpen_SayWhyAndNoMoreWhenTheyAreRetried()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/runs");
        await page.SeesAsync("#connection", "live");
        await server.PostAsync("good", """{"a":{"agent":"echo"}}""");
        await server.PostAsync("bad", Fails);
        var id = await server.PostAsync("off", Slow);
        await CancelAsync(server, id);
        await ShowsAsync(page);
        var live = await page.TextAsync(".run-link[title^=bad] + .run-reason");
        await page.ReloadAsync();
        await ShowsAsync(page);
        Assert.Equal(live, await page.TextAsync(".run-link[title^=bad] + .run-reason"));

        (await server.Http.PostAsync($"api/v1/runs/{id}/retry", null)).EnsureSuccessStatusCode().Dispose();
        await page.UntilAsync("""
            [...document.querySelectorAll('.rows .row')].some(r => /off/.test(r.innerText)
              && /running/.test(r.innerText) && r.reason.hidden && r.reason.textContent === '')
            """);
        page.HasNotComplained();
    }

    [Fact]
    public async Task Run_PostedWithAKey_SaysWhoPostedIt()
    {
        var key = KeyHash.NewKey();
        await using var server = await ConsoleServer.StartAsync(
            "--AgentGrid:ApiKeys:0:Name=game-server", $"--AgentGrid:ApiKeys:0:Hash={KeyHash.Of(key)}");
        server.Http.DefaultRequestHeaders.Add("X-Api-Key", key);
        var id = await server.PostAsync("keyed", """{"a":{"agent":"echo"}}""");
        await using var page = await chromium.OpenAsync(server.Url);
        page.ExpectsFailedRequests = true;
        await page.GoAsync($"#/runs/{id}");

        await page.FillAsync("#api-key", key);
        await page.ClickAsync("dialog button", "Use this key");

        await page.SeesAsync(".facts", "Posted by");
        await page.SeesAsync(".facts", "game-server");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Run_WithWebhooks_SaysWhatTheyWereToldAndWhyNot()
    {
        await using var server = await ConsoleServer.StartAsync(
            "--AgentGrid:Webhooks:AllowedHosts=127.0.0.1:1", "--AgentGrid:Webhooks:Secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        using var posted = await server.Http.PostAsJsonAsync("api/v1/orchestrate", new
        {
            match_id = "told",
            round = "1",
            plan = new { steps = new { a = new { agent = "echo" } } },
            webhooks = new[] { new { url = "http://127.0.0.1:1/" } },
        });
        var id = (await posted.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>()).GetProperty("run_id").GetString();
        await using var page = await chromium.OpenAsync(server.Url);

        await page.GoAsync($"#/runs/{id}");

        await page.SeesAsync("[aria-label=Webhooks]", "It cannot be reached");
        await page.SeesAsync("[aria-label=Webhooks]", "It is tried again at");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Run_PostedWithoutAKey_DoesNotMentionIt()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);

        await page.GoAsync($"#/runs/{await server.PostAsync("m", """{"a":{"agent":"echo"}}""")}");

        await page.SeesAsync(".facts", "Attempts");
        Assert.DoesNotContain("Posted by", await page.TextAsync(".facts"));
        page.HasNotComplained();
    }

    private static async Task CancelAsync(ConsoleServer server, string id)
    {
        using var response = await server.Http.PostAsJsonAsync($"api/v1/runs/{id}/cancel", new { reason = Attack });
        response.EnsureSuccessStatusCode();
    }

    private static async Task ShowsAsync(Page page)
    {
        await page.UntilAsync("""
            [...document.querySelectorAll('.rows .row')].filter(r => !r.hidden && !r.reason.hidden).length === 2
            """);
        await page.SeesAsync(".run-reason", "flaky: Agent 'flaky' failed on purpose");
        await page.SeesAsync(".run-reason", Attack);
        var state = await page.EvaluateAsync("""
            (() => {
              const rows = [...document.querySelectorAll('.rows .row')].filter(r => !r.hidden);
              const inside = (a, b) => a.top >= b.top - 0.5 && a.bottom <= b.bottom + 0.5 && a.right <= b.right + 0.5;
              const box = e => e.getBoundingClientRect();
              return [
                window.hacked ?? 0,
                document.querySelectorAll('main img').length,
                rows.every(r => box(r).height === 36),
                rows.filter(r => !r.reason.hidden).every(r =>
                  box(r.reason).width > 60 && box(r.link).width > 20
                  && inside(box(r.reason), box(r)) && inside(box(r.link), box(r))
                  && (box(r.link).right <= box(r.reason).left + 0.5 || box(r.link).bottom <= box(r.reason).top + 0.5)
                  && r.reason.title === r.reason.textContent),
                rows.find(r => /good/.test(r.innerText)).reason.hidden,
                document.documentElement.scrollWidth <= innerWidth,
              ].join();
            })()
            """);
        Assert.Equal("0,0,true,true,true,true", state.GetString());
        page.HasNotComplained();
    }

    // A picture for people, where somebody wants one.
    private static async Task KeepAsync(Page page, int width)
    {
        if (Environment.GetEnvironmentVariable("AGENTGRID_SCREENSHOTS") is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
            await page.ScreenshotAsync(Path.Combine(folder, $"reasons-{width}.png"));
        }
    }
}
