using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>What somebody is told who was woken up: what is wrong, why, and where to go on.</summary>
[Collection(BrowserCollection.Name)]
public sealed class IncidentTests(Chromium chromium)
{
    private const int Narrow = 360;

    [Fact]
    public async Task Run_WaitsForASlot_SaysOfWhichAgentWithNumbersAndWhereToLook()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url, Narrow);
        // The agent has 64 slots, and so has its queue.
        await Task.WhenAll(Enumerable.Range(0, 64).Select(
            i => server.PostAsync($"crowd_{i}", """{"a":{"agent":"delay","input":{"ms":60000}}}""")));
        await server.RunningAsync("delay", 64);
        var run = await server.PostAsync("late", """{"held":{"agent":"delay","input":{"ms":60000}}}""");
        var other = await server.PostAsync("other", """{"held":{"agent":"echo"}}""");

        await page.GoAsync($"#/runs/{run}");

        await page.SeesAsync(".state.big", "waiting");
        await page.SeesAsync(".held-up", "Waits for a slot of 'delay'.");
        await page.SeesAsync(".held-up", "64 of 64 slots are in use, 1 attempt waiting.");
        await page.SeesAsync(".node[aria-pressed=true]", "waiting");
        await page.GoAsync($"#/runs/{other}");
        await page.SeesAsync(".held-up", "0 of 64 slots are in use, 1 attempt waiting. The agent has room, so "
            + "its queue 'general' or GPU memory must be full");
        await page.EvaluateAsync("document.querySelector('.held-up a').focus()");
        await page.EvaluateAsync("document.activeElement.click()");
        await page.SeesAsync(".agents tr", "64 / 64");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Run_IsTriedAgainLater_SaysWhenAndWhatFailed()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var run = await server.PostAsync("again",
            """
            {"before":{"agent":"echo"},
             "a":{"needs":["before"],"agent":"flaky","input":{"fail_times":1},
                  "retry":{"max_attempts":2,"backoff":"30s"}}}
            """);

        await page.GoAsync($"#/runs/{run}");

        await page.SeesAsync(".state.big", "retrying");
        await page.UntilAsync("/^Is tried again at [0-9:]+, in [0-9.]+ s\\./.test("
            + "document.querySelector('.held-up').innerText)");
        await page.SeesAsync(".step h2", "a");
        await page.SeesAsync(".step .state", "retrying");
        await page.SeesAsync(".held-up", "attempt 1 of 'flaky' has failed: Agent 'flaky' failed on purpose");
        await page.SeesAsync(".attempt", "is tried again at ");
        await page.UntilAsync("document.querySelector('.tl-again:not([hidden])').getBoundingClientRect().width > 0");
        await page.SeesAsync(".facts", "1 of 2 completed");
        await page.SeesAsync(".facts", " so far");
        await page.UntilAsync("/Accepted\\n.*20\\d\\d.* [A-Z]+/.test(document.querySelector('.facts').innerText)");
        await page.ClickAsync("button", "Cancel run");
        await page.FillAsync("#cancel-reason", "the wrong map");
        await page.ClickAsync("dialog button", "Cancel run");
        await page.SeesAsync(".state.big", "cancelled");
        await page.SeesAsync(".error-box", "the wrong map");
        await page.SeesAsync(".facts", "1 of 2 completed, 1 cancelled");
        await page.UntilAsync("document.querySelector('.held-up').hidden");
        await page.UntilAsync("!document.querySelector('.attempt').innerText.includes('tried again')");
        await page.SeesAsync(".attempt .tag", "failed");
        await page.UntilAsync("document.querySelector('.tl-again:not([hidden])') === null");
        page.HasNotComplained();
    }

    [Fact]
    public async Task RunsFilteredByWaiting_MoreThanTheDetailsThatAreRead_AreAllThereAndCounted()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await Task.WhenAll(Enumerable.Range(0, 64 + 150).Select(
            i => server.PostAsync($"crowd_{i}", """{"a":{"agent":"delay","input":{"ms":60000}}}""")));

        await page.GoAsync("#/runs?status=waiting");

        await page.SeesAsync("#summary", "150 runs");
        await page.ClickAsync("button", "Cancel matching");
        await page.SeesAsync("dialog h2", "Cancel 150 runs?");
        await page.ClickAsync("dialog button", "Not now");
        page.HasNotComplained();
    }

    [Fact]
    public async Task EveryPage_ChangedPlanIsRefused_SaysSoOnceUntilItIsMended()
    {
        var config = Directory.CreateTempSubdirectory("agentgrid-console-config-");
        try
        {
            var plans = config.CreateSubdirectory("plans");
            var plan = Path.Combine(plans.FullName, "nightly.yaml");
            await File.WriteAllTextAsync(Path.Combine(config.FullName, "agents.yaml"), "agents: {}\n");
            await File.WriteAllTextAsync(plan, "plans: { nightly: { steps: { a: { agent: echo } } } }\n");
            await using var server = await ConsoleServer.StartAsync("--config", config.FullName);
            await using var page = await chromium.OpenAsync(server.Url, Narrow);

            await File.WriteAllTextAsync(plan, "plans: { nightly: { steps: { a: { agent: ehco } } } }\n");

            foreach (var view in (string[])["#/runs", "#/agents", "#/nodes", "#/try"])
            {
                await page.GoAsync(view);
                await page.SeesAsync("#problems", "nightly.yaml(1,");
                Assert.Single((await page.TextAsync("#problems")).Split("did you mean 'echo'").Skip(1));
            }
            await File.WriteAllTextAsync(plan, "plans: { nightly: { steps: { b: { agent: echo } } } }\n");
            await page.UntilAsync("document.getElementById('problems').hidden");
            page.HasNotComplained();
        }
        finally
        {
            config.Delete(recursive: true);
        }
    }
}
