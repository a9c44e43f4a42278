using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>The list of plans, the page of one, and what runs at set times.</summary>
[Collection(BrowserCollection.Name)]
public sealed class PlansTests(Chromium chromium)
{
    private const string Plans = """
        default: quick
        plans:
          quick:
            steps: { say: { agent: echo } }
          sweep:
            description: Looks at <b>every</b> player.
            timeout: 3m
            input_schema: { type: object, required: [players] }
            steps:
              look: { agent: echo }
              10: { needs: [look], agent: delay, mode: each, for_each: input.players, input: { ms: 1 } }
              9: { needs: ["10"], capability: [nothing, pattern], optional: true, on_none: skip }
              sure: { needs: ["9"], approve: { title: Sure? } }
            result: { seen: look }
          hedged:
            steps: { say: { agent: echo, hedge: { after: p95 } } }
        """;

    private const string Schedules = """
        schedules:
          always: { cron: "* * * * * *", plan: quick }
          nightly: { cron: "0 3 * * *", time_zone: Europe/Berlin, plan: sweep, input: { players: [] }, overlap: replace, catch_up: 0, paused: true }
        """;

    [Fact]
    public async Task Plan_WithBackups_SaysWhatTheyHaveCostAndTheAttemptSaysWhenOneIsAsked()
    {
        await using var config = new ConfigFolder(("plans/all.yaml", Plans));
        await using var server = await ConsoleServer.StartAsync("--config", config.Path);
        await using var page = await chromium.OpenAsync(server.Url);
        await PostAsync(server, "hedged", "m1");

        await page.GoAsync("#/plans/hedged");
        await page.SeesAsync("[aria-label='Backups'] thead", "Did not stop");
        await page.SeesAsync("[aria-label='Backups'] tbody", "say");
        await page.SeesAsync("[aria-label='Backups']", "Of the newest 1 runs that have ended.");
        await page.GoAsync("#/plans/quick");
        await page.SeesAsync("h1", "quick");
        await page.SeesAsync(".recent-note", "There is none.");
        await page.UntilAsync("document.querySelector(\"[aria-label='Backups']\").hidden");
    }

    [Fact]
    public async Task Plan_FromTheListToItsPage_HasGraphSettingsRunsAndLeadsToTheForm()
    {
        await using var config = new ConfigFolder(("plans/all.yaml", Plans));
        await using var server = await ConsoleServer.StartAsync("--config", config.Path);
        await using var page = await chromium.OpenAsync(server.Url);
        await PostAsync(server, "quick", "m1");
        await PostAsync(server, "sweep", "m2", ""","players":[1,2]""");
        await server.PostAsync("m3", """{"a":{"agent":"flaky","input":{"fail_times":9}}}""", ""","priority":1""");
        await page.GoAsync("#/runs");

        await page.ClickAsync("nav a", "Plans");
        await page.SeesAsync("[aria-label='Plan quick'] h2", "default");
        await page.SeesAsync("[aria-label='Plan quick'] dl", "1 completed");
        await page.SeesAsync("[aria-label='Plan sweep']", "Looks at <b>every</b> player.");
        await page.SeesAsync("[aria-label='Plan sweep'] dl", "4 steps");
        await page.SeesAsync("[aria-label='Plan sweep'] dl", "1 running");
        await page.UntilAsync("document.querySelector(\"[aria-label='Plan sweep'] dd a\").hash"
            + " === '#/runs?plan=sweep&status=running&since=24h'");
        await page.ClickAsync("[aria-label='Plan sweep'] h2 a");

        await page.SeesAsync("h1", "sweep");
        // In the order of the plan, whatever its steps are called.
        await page.UntilAsync("[...document.querySelectorAll('.node')].map(n => n.innerText.replaceAll('\\n', ' ')).join('|')"
            + " === 'look agent echo|10 each · agent delay|9 nothing or pattern|sure asks people'");
        await page.UntilAsync("document.querySelectorAll('.edge').length === 3");
        await page.SeesAsync(".pairs", "Timeout\n3m");
        await page.SeesAsync(".json[aria-label='Input schema']", "required: [\"players\"]");
        await page.SeesAsync(".json[aria-label='Result']", "seen: \"look\"");
        await page.SeesAsync(".json[aria-label='Definition'] button", "Copy");
        await page.ClickAsync(".node", "each");
        await page.SeesAsync(".plan-step .json", "for_each: \"input.players\"");
        await page.UntilAsync("location.hash === '#/plans/sweep?step=10'");
        await page.SeesAsync(".recent .row", "m2");
        await page.UntilAsync("document.querySelectorAll('.recent .row').length === 1");

        // Its runs are followed, and so is the configuration.
        await page.SeesAsync(".recent .row", "awaiting");
        await PostAsync(server, "sweep", "m4", ""","players":[]""");
        await page.SeesAsync(".recent .row", "m4");
        config.Write("plans/all.yaml", Plans.Replace("3m", "4m", StringComparison.Ordinal));
        await page.SeesAsync(".pairs", "Timeout\n4m");

        await page.ClickAsync(".actions a", "Try it");
        await page.UntilAsync("document.getElementById('plan')?.value === 'sweep'");
        await page.GoAsync("#/plans/test");
        await page.SeesAsync("[role=alert]", "There is no plan 'test' in the configuration.");
        await page.SeesAsync(".recent .row", "m3");
        await page.SeesAsync("#connection", "live");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Schedules_OfTheConfiguration_SayWhenNextAndHowItWentLast()
    {
        await using var config = new ConfigFolder(("plans/all.yaml", Plans), ("schedules.yaml", Schedules));
        await using var server = await ConsoleServer.StartAsync("--config", config.Path);
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/runs");

        await page.ClickAsync("nav a", "Schedules");

        const string Always = "[aria-label='Schedule always']";
        const string Nightly = "[aria-label='Schedule nightly']";
        await page.SeesAsync($"{Always} dl", "* * * * * * in UTC");
        await page.SeesAsync($"{Always} dl", "completed");
        await page.SeesAsync($"{Always} dl", ", took ");
        await page.UntilAsync($"/Next\\n.*20\\d\\d.*, (now|in \\d)/.test(document.querySelector(\"{Always}\").innerText)");
        await page.SeesAsync($"{Nightly} .tag", "paused");
        await page.SeesAsync($"{Nightly} dl", "0 3 * * * in Europe/Berlin");
        await page.SeesAsync($"{Nightly} dl", "none while it is paused");
        await page.SeesAsync($"{Nightly} dl", "none that is kept");
        await page.SeesAsync($"{Nightly} dl", "Overlap\nreplace\nCatch up\nnone");
        await page.UntilAsync($"document.querySelector(\"{Nightly} a\").hash === '#/plans/sweep'");
        await page.ClickAsync($"{Always} a", "All of them");
        await page.SeesAsync(".rows .row", "always / 20");
        page.HasNotComplained();
    }

    private static async Task PostAsync(ConsoleServer server, string plan, string match, string more = "")
    {
        using var content = new StringContent(
            $$"""{"match_id":"{{match}}","round":"r1","plan":"{{plan}}"{{more}}}""",
            new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        (await server.Http.PostAsync("api/v1/orchestrate?wait=100ms", content)).EnsureSuccessStatusCode().Dispose();
    }

    /// <summary>A folder of configuration that is removed in the end.</summary>
    private sealed class ConfigFolder : IAsyncDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-console-config-");

        public ConfigFolder(params (string Name, string Text)[] files)
        {
            _folder.CreateSubdirectory("plans");
            Write("agents.yaml", "agents: { flaky: { capabilities: [pattern] } }\n");
            foreach (var (name, text) in files)
            {
                Write(name, text);
            }
        }

        public string Path => _folder.FullName;

        public void Write(string name, string text) => File.WriteAllText(System.IO.Path.Combine(Path, name), text);

        public ValueTask DisposeAsync()
        {
            _folder.Delete(recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}
