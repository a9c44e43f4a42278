using System.Buffers.Binary;
using System.Text.Json;
using System.Text.RegularExpressions;
using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>
/// The guide in docs/console.md. Its pictures are taken of real runs, and written where AGENTGRID_UPDATE_DOCS is 1.
/// </summary>
[Collection(BrowserCollection.Name)]
public sealed partial class GuideTests(Chromium chromium)
{
    private const int Width = 1200;
    private const int MostBytes = 120_000;

    private const string Snapshot = """
        {"players":[{"id":"p1","role":"entry","peek_events":[{"time":1},{"time":2},{"time":2.5}]},
                    {"id":"p2","role":"support","peek_events":[]}]}
        """;

    private const string Patterns = """
        {"look":{"agent":"delay","input":{"ms":140}},
         "write":{"needs":["look"],"agent":"flaky","input":{"fail_times":1},
                  "retry":{"max_attempts":2,"backoff":"90ms"}},
         "motion":{"needs":["write"],"capability":"motion_generation","mode":"race","candidates":2,"hedge_after":"0s"},
         "check":{"needs":["motion"],"capability":["validation","scoring"],"mode":"all"},
         "report":{"needs":["look","check"],"agent":"delay","input":{"ms":160}}}
        """;

    [Fact]
    public async Task Pictures_OfTheGuide_CanBeTaken()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url, Width, 640);
        await page.PreferAsync("light");
        var quickStart = await PostDefaultAsync(server, "match_101");
        await PostDefaultAsync(server, "match_102");
        var patterns = await server.PostAsync("match_103", Patterns);
        await server.PostAsync("match_104", """{"load":{"agent":"flaky","input":{"fail_times":9}}}""");
        await server.PostAsync("match_105", """{"render":{"agent":"delay","input":{"ms":60000},"timeout":"90s"}}""");
        await server.PostAsync("match_106",
            """{"load":{"agent":"flaky","input":{"fail_times":1},"retry":{"max_attempts":2,"backoff":"30s"}}}""");
        Assert.True(await server.Grid.DrainAgentAsync("echo", drained: true));
        await server.PostAsync("match_107", """{"store":{"agent":"echo"}}""");
        await PostDefaultAsync(server, "match_108");

        await page.GoAsync("#/runs");
        foreach (var state in (string[])["completed", "failed", "running", "retrying", "waiting"])
        {
            await page.SeesAsync(".rows .row", state);
        }
        await KeepAsync(page, "runs");

        await page.GoAsync($"#/runs/{quickStart}?step=motion");
        await page.SeesAsync(".run-head .state", "completed");
        await page.UntilAsync("Number(document.querySelector('canvas.skeleton')?.dataset.frame) > 20");
        await page.ClickAsync(".motion button", "Pause");
        await KeepAsync(page, "run");

        await page.GoAsync($"#/runs/{patterns}?step=check");
        await page.SeesAsync(".run-head .state", "completed");
        await page.SeesAsync(".attempt", "Why here");
        await KeepAsync(page, "patterns");

        await page.GoAsync("#/agents");
        await page.SeesAsync(".agents .tag", "drained");
        await KeepAsync(page, "agents");

        await KeepNodesAsync();

        await page.GoAsync("#/try");
        await page.ChooseAsync("#plan", "{ inline }");
        await page.FillAsync("#inline", """
            steps:
              look:  { agent: perception }
              move:  { needs: [look], capability: motion_generation, hedge_afer: 2s }
              check: { needs: [mov], agent: quality_scorr }
            """);
        await page.UntilAsync("document.querySelectorAll('#inline-problem li').length === 3");
        await page.ChooseAsync("#target", "capability motion_generation");
        await page.ClickAsync("button", "Ask");
        await page.SeesAsync(".why tr.chosen", "motion_generator");
        await KeepAsync(page, "try");
        page.HasNotComplained();
    }

    [Fact]
    public void Guide_Pictures_AreThoseOfTheFolderAndSmall()
    {
        var docs = Path.Combine(Repository(), "docs");
        var guide = File.ReadAllText(Path.Combine(docs, "console.md"));

        var shown = Picture().Matches(guide).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal).ToArray();

        Assert.InRange(shown.Length, 4, 6);
        Assert.Equal(
            shown,
            Directory.GetFiles(Path.Combine(docs, "images"), "console-*.png")
                .Select(p => $"images/{Path.GetFileName(p)}").Order(StringComparer.Ordinal));
        Assert.All(shown, name =>
        {
            var png = File.ReadAllBytes(Path.Combine(docs, name));
            Assert.InRange(png.Length, 1, MostBytes);
            Assert.Equal(Width, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)));
        });
    }

    private static async Task<string> PostDefaultAsync(ConsoleServer server, string match)
    {
        using var content = new StringContent(
            $$"""{"match_id":"{{match}}","round":"r1","grid_snapshot":{{Snapshot}}}""",
            new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        using var response = await server.Http.PostAsync("api/v1/orchestrate?wait=60s", content);
        var run = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal("completed", run.GetProperty("status").GetString());
        return run.GetProperty("run_id").GetString()!;
    }

    // A cluster needs more than these tests may ask for: its nodes are an example, the page is the real one.
    private async Task KeepNodesAsync()
    {
        await using var cluster = await ConsoleServer.StartClusterAsync();
        await using var page = await chromium.OpenAsync(cluster.Url, Width, 560);
        await page.PreferAsync("light");
        await page.GoAsync("#/nodes");
        await page.SeesAsync("#connection", "live");
        await page.SeesAsync(".node-card .tag", "draining");
        await KeepAsync(page, "nodes");
        page.HasNotComplained();
    }

    private static async Task KeepAsync(Page page, string name)
    {
        if (Environment.GetEnvironmentVariable("AGENTGRID_UPDATE_DOCS") == "1")
        {
            await page.ScreenshotAsync(Path.Combine(Repository(), "docs", "images", $"console-{name}.png"));
        }
    }

    private static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Orleans.AgentGrid.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new InvalidOperationException("These tests run inside their repository.");
    }

    [GeneratedRegex(@"!\[[^\]]+\]\((images/console-[^)]+)\)")]
    private static partial Regex Picture();
}
