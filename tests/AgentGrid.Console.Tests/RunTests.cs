using AgentGrid.Console.Tests.Browser;

namespace AgentGrid.Console.Tests;

/// <summary>A run, from the form to its end, through everything that can come between.</summary>
[Collection(BrowserCollection.Name)]
public sealed class RunTests(Chromium chromium)
{
    // The second step ends when the match is let go.
    private const string Held = """
        {"first":{"agent":"delay","input":{"ms":250}}, "second":{"needs":["first"],"agent":"hold"}}
        """;

    private const string Long = """{"wait":{"agent":"delay","input":{"ms":60000},"timeout":"90s"}}""";

    [Fact]
    public async Task Form_QuickStart_LeadsToTheRunAndPlaysItsMotion()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/try");

        await page.ClickAsync("button", "Start the run");
        await page.SeesAsync(".run-head .state", "completed");
        await page.ClickAsync(".node", "motion");
        await page.UntilAsync("Number(document.querySelector('canvas.skeleton')?.dataset.frame) > 0");
        await page.ClickAsync(".motion button", "Pause");
        var paused = await page.EvaluateAsync("document.querySelector('canvas.skeleton').dataset.frame");
        await page.EvaluateAsync("document.querySelector('.motion input').focus()");
        await page.PressAsync("Home", 36);

        await page.UntilAsync("document.querySelector('canvas.skeleton').dataset.frame === '0'");
        Assert.NotEqual("0", paused.GetString());
        Assert.Equal("match_123 / round_4", await page.TextAsync("h1"));
        await page.SeesAsync(".attempt", "won");
        await page.SeesAsync(".attempt", "Why here: primary of a race of 2");
        await page.SeesAsync(".why tr.chosen", "motion_generator");
        await page.FillAsync(".list-bar input", "frames: ");
        await page.EvaluateAsync("document.querySelector('.list-bar input').dispatchEvent(new Event('input'))");
        await page.SeesAsync(".event", "completed");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Form_Mistakes_AreShownWhereTheyAre()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        page.ExpectsFailedRequests = true;
        await page.GoAsync("#/try");

        await page.FillAsync("#body", "{ \"grid_snapshot\": { ");
        await page.ClickAsync("button", "Start the run");
        await page.SeesAsync("#body-problem", "not JSON");

        await page.FillAsync("#body", "{ \"grid_snapshot\": 5 }");
        await page.ClickAsync("button", "Start the run");
        await page.SeesAsync("#body-problem", "'grid_snapshot' must be an object");

        await page.FillAsync("#body", "{}");
        await page.FillAsync("#match_id", "");
        await page.ClickAsync("button", "Start the run");
        await page.SeesAsync("#match_id-problem", "must not be empty");
        await page.UntilAsync("document.getElementById('match_id').getAttribute('aria-invalid') === 'true'");

        await page.FillAsync("#match_id", "m");
        await page.ChooseAsync("#plan", "{ inline }");
        await page.FillAsync("#inline", """{"steps":{"a":{"agent":"nobody"},"b":{"needs":["c"],"agent":"echo"}}}""");
        await page.ClickAsync("button", "Start the run");
        await page.SeesAsync("#inline-problem", "'c'");
        await page.SeesAsync("#inline-problem", "'nobody'");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Form_InlineYaml_ShowsMistakesAtTheirLinesAndRuns()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/try");
        await page.ChooseAsync("#plan", "{ inline }");

        // Nothing is posted: mistakes are found in a pause of the typing.
        await page.FillAsync("#inline", "name: mine\nsteps:\n  a: { agent: ecko }\n  b: { agent: echo, needs: [c] }\n");
        await page.SeesAsync("#inline-problem li", "unknown agent 'ecko', did you mean 'echo'? (AG1011)");
        await page.UntilAsync(
            "[...document.querySelectorAll('.lines .bad')].map(l => l.textContent).join() === '3,4'");
        await page.ClickAsync("#inline-problem button", "line 4");
        var selected = await page.EvaluateAsync(
            "(() => { const e = document.activeElement; return e.value.slice(e.selectionStart, e.selectionEnd); })()");
        Assert.Equal("  b: { agent: echo, needs: [c] }", selected.GetString());
        Assert.Empty((await server.Grid.ListRunsAsync(new Core.Grid.RunQuery())).Runs);

        await page.FillAsync("#inline", "name: mine\nsteps:\n  a: { agent: echo, input: { x: '${y}' } }\n");
        await page.SeesAsync("#inline-problem li", "Warning: step 'a': the agent gets '${y}' as written");

        await page.FillAsync("#inline", "name: mine\nsteps:\n  a: { agent: echo }\n  b: { agent: echo, needs: [a] }\n");
        await page.ClickAsync("button", "Start the run");
        await page.SeesAsync(".run-head .state", "completed");
        await page.SeesAsync(".facts", "mine @ ");
        page.HasNotComplained();
    }

    [Fact]
    public async Task PostAgain_OfAnInlinePlan_RunsTheSamePlan()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var id = await server.PostAsync(
            "inline", """{"a":{"agent":"echo","input":{"x":7}},"b":{"needs":["a"],"agent":"echo"}}""");
        await page.GoAsync($"#/runs/{id}");
        await page.ClickAsync("summary", "As JSON");
        await page.SeesAsync("details .json", "steps: { 2 fields }");

        await page.ClickAsync("button", "Post again");
        await page.UntilAsync("document.getElementById('inline')?.value.includes('\"x\": 7')");
        await page.ClickAsync("button", "Start the run");
        await page.SeesAsync(".run-head .state", "completed");

        var runs = (await server.Grid.ListRunsAsync(new Core.Grid.RunQuery())).Runs;
        Assert.Equal(2, runs.Length);
        Assert.Equal(runs[0].PlanVersion, runs[1].PlanVersion);
        Assert.Equal(["test", "test"], runs.Select(r => r.Plan));
        page.HasNotComplained();
    }

    [Fact]
    public async Task Form_SameKeyAgain_SaysWhatWouldHappen()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        page.ExpectsFailedRequests = true;
        await page.GoAsync("#/try");
        await page.ClickAsync("button", "Start the run");
        await page.SeesAsync(".run-head .state", "completed");

        await page.GoAsync("#/try");
        await page.ClickAsync("button", "Start the run");
        await page.SeesAsync("form", "This was posted before");
        await page.FillAsync("#body", "{\"other\": 1}");
        await page.ClickAsync("button", "Start the run");
        await page.SeesAsync("form .error-box", "AG2030");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Router_DryRun_ShowsTheCandidates()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/try");

        await page.ChooseAsync("#target", "capability motion_generation");
        await page.ClickAsync("button", "Ask");

        await page.SeesAsync(".why tr.chosen", "motion_generator");
        await page.SeesAsync(".why tr.chosen", "free slots, priority 10, load 0");
        await page.SeesAsync(".why tr:not(.chosen)", "motion_backup");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Run_WhileItRuns_IsLive()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var id = await server.PostAsync("live", Held);
        await page.GoAsync($"#/runs/{id}");
        await page.EvaluateAsync("window.same = true");

        await page.UntilAsync("document.querySelectorAll('.node')[1]?.dataset.state === 'running'");
        HoldAgent.Release("live");
        await page.SeesAsync(".run-head .state", "completed");

        await page.UntilAsync("[...document.querySelectorAll('.tl-bar')].every(b => b.dataset.state === 'succeeded')");
        await page.UntilAsync("document.querySelectorAll('.tl-bar').length === 2");
        Assert.True((await page.EvaluateAsync("window.same === true")).GetBoolean());
        page.HasNotComplained();
    }

    [Fact]
    public async Task Run_Cancelled_SaysWhyAndCanBeRetried()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var id = await server.PostAsync("cancel", Long);
        await page.GoAsync($"#/runs/{id}");

        await page.ClickAsync("button", "Cancel run");
        await page.ClickAsync("dialog button", "Cancel run");
        await page.SeesAsync(".run-head .state", "cancelled");
        await page.SeesAsync(".error-box", "cancelled in the console");
        Assert.Equal("cancelled", (await server.RunAsync(id)).GetProperty("status").GetString());

        await page.ClickAsync("button", "Retry run");
        await page.SeesAsync(".run-head .state", "running");
        await page.SeesAsync(".event", "orchestration:retried");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Step_RetriedFrom_IsDoneAnewWithWhatDependsOnIt()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var id = await server.PostAsync("from", """
            {"a":{"agent":"echo"},"b":{"needs":["a"],"agent":"echo"},"c":{"needs":["b"],"agent":"echo"},
             "beside":{"needs":["a"],"agent":"echo"}}
            """);
        await page.GoAsync($"#/runs/{id}?step=b");
        await page.SeesAsync(".run-head .state", "completed");

        await page.ClickAsync(".step button", "Retry from this step");
        await page.SeesAsync("dialog", "'b' and what depends on it (c) run again.");
        await page.ClickAsync("dialog button", "Retry");

        await page.SeesAsync(".event", "orchestration:retried");
        await page.SeesAsync(".run-head .state", "completed");
        await page.SeesAsync(".step h3", "Attempts (2)");
        var run = await server.RunAsync(id);
        var attempts = run.GetProperty("steps").EnumerateArray()
            .ToDictionary(s => s.GetProperty("id").GetString()!, s => s.GetProperty("attempts").GetArrayLength());
        Assert.Equal([("a", 1), ("b", 2), ("beside", 1), ("c", 2)],
            attempts.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => (a.Key, a.Value)));
        page.HasNotComplained();
    }

    [Fact]
    public async Task Step_RetriedFromWhileItRunsAgain_ShowsTheRefusal()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        page.ExpectsFailedRequests = true;
        var id = await server.PostAsync("twice", Long);
        await page.GoAsync($"#/runs/{id}");
        await page.UntilAsync("document.querySelector('.node')?.dataset.state === 'running'");
        await page.UntilAsync("document.querySelector('.step .actions') === null");
        using (await server.Http.PostAsync($"api/v1/runs/{id}/cancel", null))
        {
            await page.ClickAsync(".step button", "Retry from this step");
        }
        await page.SeesAsync("dialog", "'wait' runs again.");
        using (await server.Http.PostAsync($"api/v1/runs/{id}/retry", null))
        {
            await page.SeesAsync(".run-head .state", "running");
        }

        await page.ClickAsync("dialog button", "Retry");

        await page.SeesAsync(".toast.bad", "only failed and cancelled runs can be retried");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Run_ReloadedInTheMiddle_GoesOnWithTheSameStep()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var id = await server.PostAsync("reload", Held);
        await page.GoAsync($"#/runs/{id}");
        await page.ClickAsync(".node", "second");

        await page.ReloadAsync();

        await page.SeesAsync(".step h2", "second");
        await page.SeesAsync(".run-head .state", "running");
        HoldAgent.Release("reload");
        await page.SeesAsync(".run-head .state", "completed");
        await page.SeesAsync(".event", "completed");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Run_ServerRestartedInTheMiddle_SaysSoAndCatchesUp()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        page.ExpectsFailedRequests = true;
        var id = await server.PostAsync("restart",
            """{"a":{"agent":"hold"},"b":{"needs":["a"],"agent":"echo"}}""");
        await page.GoAsync($"#/runs/{id}");
        await page.UntilAsync("document.querySelector('.node')?.dataset.state === 'running'");
        await page.EvaluateAsync("window.same = true");

        await server.StopAsync();
        await page.SeesAsync("#banner", "Disconnected");
        await page.SeesAsync("#connection", "disconnected");
        await server.StartAgainAsync();

        await page.UntilAsync("document.getElementById('banner').hidden");
        await page.SeesAsync("#connection", "live");
        HoldAgent.Release("restart");
        await page.SeesAsync(".run-head .state", "completed");
        await page.UntilAsync("[...document.querySelectorAll('.event')].some(e => e.innerText.includes('b:done'))");
        var seqs = await page.EvaluateAsync(
            "[...document.querySelectorAll('.event')].filter(e => e.checkVisibility())"
            + ".map(e => Number(e.firstChild.textContent))");
        var numbers = seqs.EnumerateArray().Select(s => s.GetInt32()).ToArray();
        Assert.Equal(Enumerable.Range(1, numbers.Length), numbers);
        Assert.True((await page.EvaluateAsync("window.same === true")).GetBoolean());
        page.HasNotComplained();
    }

    [Fact]
    public async Task Run_RetriesAndFallbacks_ShareALane()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var id = await server.PostAsync("lanes",
            """{"work":{"agent":"flaky","input":{"fail_times":2},"retry":{"max_attempts":3,"backoff":"50ms"}}}""");
        await page.GoAsync($"#/runs/{id}");

        await page.SeesAsync(".run-head .state", "completed");
        await page.UntilAsync("document.querySelectorAll('.tl-lane').length === 1");
        await page.UntilAsync(
            "[...document.querySelectorAll('.tl-lane .tl-bar')].map(b => b.dataset.state).join()"
            + " === 'retried,retried,succeeded'");
        await page.SeesAsync(".attempt .error-box", "failed on purpose");
        await page.SeesAsync(".attempt", "tried again as #2");
        await page.SeesAsync(".attempt", "tried again as #3");
        await page.UntilAsync("document.querySelectorAll('.tl-again:not([hidden])').length === 2");
        await page.SeesAsync(".step", " of waiting");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Run_WithAThousandSteps_IsStillDrawn()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        var steps = string.Join(',', Enumerable.Range(0, 998).Select(i => $$"""
            "s{{i}}":{"needs":["first"],"agent":"echo"}
            """));
        var id = await server.PostAsync(
            "wide", $$$"""{"first":{"agent":"echo"},{{{steps}}},"last":{"needs":["s0","s997"],"agent":"echo"}}""");
        await page.GoAsync($"#/runs/{id}");

        await page.SeesAsync(".run-head .state", "completed");
        await page.SeesAsync(".facts", "1,000 of 1,000 completed");
        await page.SeesAsync(".node", "more steps");
        var nodes = (await page.EvaluateAsync("document.querySelectorAll('.node').length")).GetInt32();
        Assert.InRange(nodes, 5, 50);
        page.HasNotComplained();
    }
}
