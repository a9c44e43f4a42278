using AgentGrid.Console.Tests.Browser;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Console.Tests;

/// <summary>The list of runs.</summary>
[Collection(BrowserCollection.Name)]
public sealed class ListTests(Chromium chromium)
{
    private const string Rows = "[...document.querySelectorAll('.rows .row')].filter(r => !r.hidden)";

    [Fact]
    public async Task List_RunPostedElsewhere_AppearsAndEnds()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/runs");
        await page.SeesAsync("#connection", "live");

        await server.PostAsync("elsewhere", """{"a":{"agent":"hold"}}""");

        await page.UntilAsync($"{Rows}.some(r => /elsewhere/.test(r.innerText) && /running/.test(r.innerText))");
        HoldAgent.Release("elsewhere");
        await page.UntilAsync($"{Rows}.some(r => /elsewhere/.test(r.innerText) && /completed/.test(r.innerText))");
        page.HasNotComplained();
    }

    [Fact]
    public async Task List_ServerComesBackWithOtherDataThatHaveMoreEvents_ShowsThoseAlone()
    {
        await using var other = await ConsoleServer.StartAsync();
        await other.FillAsync(20, "other");
        await other.StopAsync();
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        page.ExpectsFailedRequests = true;
        await page.GoAsync("#/runs");
        await page.SeesAsync("#connection", "live");
        await server.PostAsync("first", """{"a":{"agent":"echo"}}""");
        await page.UntilAsync($"{Rows}.some(r => /first/.test(r.innerText) && /completed/.test(r.innerText))");

        await server.StopAsync();
        server.TakeDataOf(other);
        await server.StartAgainAsync();

        await page.UntilAsync($"{Rows}.some(r => /other_19/.test(r.innerText))");
        await page.UntilAsync($"!{Rows}.some(r => /first/.test(r.innerText))");
        await page.SeesAsync("#connection", "live");
        await server.PostAsync("second", """{"a":{"agent":"echo"}}""");
        await page.UntilAsync($"{Rows}.some(r => /second/.test(r.innerText) && /completed/.test(r.innerText))");
        page.HasNotComplained();
    }

    [Fact]
    public async Task List_ScrolledDown_StaysWhereItIsWhenRunsCome()
    {
        await using var server = await ConsoleServer.StartAsync("--AgentGrid:Synchronous", "Normal");
        await server.FillAsync(500);
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/runs");
        await page.SeesAsync("#summary", "500 runs");
        await page.EvaluateAsync("document.querySelector('.rows').scrollTop = 3600");
        await page.UntilAsync($"{Rows}.some(r => r.ariaRowIndex === '101')");
        const string AtTheTop = """
            (() => {
              const box = document.querySelector('.rows').getBoundingClientRect();
              return document.elementFromPoint(box.x + 200, box.y + 18).closest('.row').innerText.split('\n')[2];
            })()
            """;
        var read = await page.EvaluateAsync(AtTheTop);

        await server.PostAsync("new", """{"a":{"agent":"echo"}}""");
        await page.SeesAsync("#summary", "501 runs");

        await page.UntilAsync($"{Rows}.some(r => r.ariaRowIndex === '102')");
        Assert.StartsWith("many_", read.GetString());
        await page.SaysAsync(AtTheTop, read.GetString()!);
        page.HasNotComplained();
    }

    [Fact]
    public async Task List_FilteredByWhatRunsWaitFor_ShowsThoseThatRetry()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await server.PostAsync("plain", """{"a":{"agent":"delay","input":{"ms":60000}}}""");
        await server.PostAsync("again",
            """{"a":{"agent":"flaky","input":{"fail_times":1},"retry":{"max_attempts":2,"backoff":"30s"}}}""");

        await page.GoAsync("#/runs?status=retrying");

        await page.SeesAsync(".rows .row", "again");
        await page.UntilAsync($"{Rows}.length === 1");
        page.HasNotComplained();
    }

    [Fact]
    public async Task List_FilteredByWhatRunsWaitFor_ShowsThoseWithoutASlot()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/runs?status=waiting");
        await page.SeesAsync("#connection", "live");

        // The agent has 64 slots.
        await Task.WhenAll(Enumerable.Range(0, 67).Select(
            i => server.PostAsync($"crowd_{i}", """{"a":{"agent":"delay","input":{"ms":60000}}}""")));

        await page.UntilAsync($"{Rows}.length === 3 && {Rows}.every(r => r.innerText.includes('waiting'))");
        await page.GoAsync("#/agents");
        await page.SeesAsync(".agents tr", "64 / 64");
        await page.UntilAsync("[...document.querySelectorAll('.agents tr')].some("
            + "r => r.cells[0].innerText.startsWith('delay') && r.cells[4].innerText === '3')");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Filters_Chosen_AreInTheAddressAndSurviveAReload()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await server.PostAsync("good", """{"a":{"agent":"echo"}}""");
        await server.PostAsync("bad", """{"a":{"agent":"flaky","input":{"fail_times":9}}}""");
        await page.GoAsync("#/runs");
        await page.UntilAsync($"{Rows}.length === 2");

        await page.ClickAsync(".choice summary");
        await page.ClickAsync(".choice label", "failed");
        await page.UntilAsync($"{Rows}.length === 1");
        Assert.Equal("#/runs?status=failed", (await page.EvaluateAsync("location.hash")).GetString());
        await page.ReloadAsync();
        await page.UntilAsync($"{Rows}.length === 1 && {Rows}[0].innerText.includes('bad')");

        // A run that comes to the status while the page is open, is put into the list.
        await server.PostAsync("bad_too", """{"a":{"agent":"flaky","input":{"fail_times":9}}}""");
        await page.SeesAsync(".rows .row", "bad_too");

        // Several at once; what is done to those that match is done to both kinds.
        await page.ClickAsync(".choice summary");
        await page.ClickAsync(".choice label", "cancelled");
        await page.UntilAsync("location.hash === '#/runs?status=failed%2Ccancelled'");
        await page.SeesAsync(".choice summary", "failed, cancelled");
        var off = await server.PostAsync("off", """{"a":{"agent":"delay","input":{"ms":60000}}}""");
        (await server.Http.PostAsync($"api/v1/runs/{off}/cancel", null)).EnsureSuccessStatusCode().Dispose();
        await page.SeesAsync(".rows .row", "off");
        await page.UntilAsync($"{Rows}.length === 3");
        await page.ReloadAsync();
        await page.UntilAsync($"{Rows}.length === 3 && {Rows}[0].innerText.includes('off')");
        await page.ClickAsync("button", "Retry matching");
        await page.SeesAsync("dialog", "Retry 3 runs?");
        await page.SeesAsync("dialog", "All failed and cancelled runs with status = failed or cancelled.");
        await page.ClickAsync("dialog button", "Not now");

        await page.GoAsync("#/runs?status=scheduled,queued");
        await page.SeesAsync("#summary", "No run matches these filters");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Label_OfARun_LeadsToTheRunsThatHaveIt()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        const string Blue = ""","labels":{"team":"blue & green"}""";
        await server.PostAsync("other", """{"a":{"agent":"echo"}}""");
        var run = await server.PostAsync("mine", """{"a":{"agent":"echo"}}""", Blue);

        await page.GoAsync($"#/runs/{run}");
        await page.ClickAsync(".facts a", "team: blue & green");

        await page.UntilAsync($"{Rows}.length === 1 && {Rows}[0].innerText.includes('mine')");
        await page.SeesAsync("#connection", "live");
        await server.PostAsync("others", """{"a":{"agent":"echo"}}""");
        await server.PostAsync("also_mine", """{"a":{"agent":"echo"}}""", Blue);
        await page.UntilAsync($"{Rows}.length === 2 && {Rows}[0].innerText.includes('also_mine')");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Filters_ThatThereAreNot_ShowNothingAndCancelNothing()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await server.PostAsync("there", """{"a":{"agent":"delay","input":{"ms":60000}}}""");

        foreach (var (query, problem) in new[]
        {
            ("stauts=failed", "There is no filter 'stauts': there are status, match_id, round, plan, agent, label, since."),
            ("status=faild", "The filter 'status' cannot be 'faild': it can be scheduled, queued, running,"),
            ("since=1d", "The filter 'since' cannot be '1d': it can be 15m, 1h, 6h, 24h."),
            ("match_id=", "The filter 'match_id' is empty."),
            ("plan=a&plan=b", "The filter 'plan' is in the address more than once."),
        })
        {
            await page.GoAsync($"#/runs?{query}");
            await page.SeesAsync("[role=alert]", problem);
            await page.SeesAsync("#connection", "live");
            await page.ClickAsync("button", "Cancel matching");
            await page.SeesAsync(".toast.bad", problem);
            Assert.Equal(0, (await page.EvaluateAsync($"{Rows}.length")).GetInt32());
        }

        await page.GoAsync("#/runs?status=failed,faild");
        await page.SeesAsync("[role=alert]", "The filter 'status' cannot be 'faild'");
        await page.GoAsync("#/rnus/x");
        await page.SeesAsync("h1", "No such page");
        await page.SeesAsync("main", "There is nothing at '#/rnus/x'.");
        await page.GoAsync("#/runs?status=faild");

        // What comes is not shown either, until a filter is chosen that there is.
        await server.PostAsync("later", """{"a":{"agent":"delay","input":{"ms":60000}}}""");
        await page.ClickAsync("button", "Clear");
        await page.UntilAsync($"{Rows}.length === 2");
        Assert.Equal(2, (await server.Grid.ListRunsAsync(new RunQuery(RunStatus.Running))).Runs.Length);
        page.HasNotComplained();
    }

    [Fact]
    public async Task Agent_Chosen_ShowsItsRunsAndThoseThatComeToIt()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await server.PostAsync("echoed", """{"a":{"agent":"echo"}}""");
        await server.PostAsync("slow", """{"a":{"agent":"delay","input":{"ms":60000}}}""");
        await page.GoAsync("#/runs");
        await page.UntilAsync($"{Rows}.length === 2");
        await page.UntilAsync("[...document.querySelectorAll('#agent-names option')].some(o => o.value === 'echo')");

        await page.EvaluateAsync("""
            (() => {
              const field = document.querySelector('input[name=agent]');
              field.value = 'echo';
              field.dispatchEvent(new Event('change', { bubbles: true }));
            })()
            """);
        await page.UntilAsync($"{Rows}.length === 1 && {Rows}[0].innerText.includes('echoed')");
        Assert.Equal("#/runs?agent=echo", (await page.EvaluateAsync("location.hash")).GetString());
        await page.ReloadAsync();
        await page.UntilAsync($"{Rows}.length === 1 && document.querySelector('input[name=agent]').value === 'echo'");

        // A run belongs here when the agent has an attempt, and not before.
        await server.PostAsync("slow_too", """{"a":{"agent":"delay","input":{"ms":60000}}}""");
        await server.PostAsync(
            "later", """{"a":{"agent":"delay","input":{"ms":50}},"b":{"agent":"echo","needs":["a"]}}""");
        await page.SeesAsync(".rows .row", "later");
        await page.UntilAsync($"{Rows}.length === 2 && {Rows}[0].innerText.includes('completed')");
        await page.ClickAsync("button", "Clear");
        await page.UntilAsync($"{Rows}.length === 4");
        page.HasNotComplained();
    }

    [Fact]
    public async Task Agent_OfOneRunOfVeryMany_IsFoundOverPagesThatAreEmpty()
    {
        await using var server = await ConsoleServer.StartAsync("--AgentGrid:Synchronous", "Normal");
        await server.PostAsync("rare", """{"a":{"agent":"delay","input":{"ms":1}}}""");
        await server.FillAsync(RunQuery.MostLooks + 500);
        var first = await server.Grid.ListRunsAsync(new RunQuery(Agent: "delay"));
        Assert.Empty(first.Runs);
        Assert.NotNull(first.Next);
        await using var page = await chromium.OpenAsync(server.Url);

        await page.GoAsync("#/runs?agent=delay");

        await page.SeesAsync(".rows .row", "rare");
        await page.SeesAsync("#summary", "1 run");
        page.HasNotComplained();
    }

    [Fact]
    public async Task CancelMatching_Always_ShowsTheCountFirst()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        for (var i = 0; i < 5; i++)
        {
            await server.PostAsync($"stuck_{i}", """{"a":{"agent":"delay","input":{"ms":60000}}}""");
        }
        await server.PostAsync("done", """{"a":{"agent":"echo"}}""");
        await page.GoAsync("#/runs");
        await page.UntilAsync($"{Rows}.length === 6");

        await page.ClickAsync("button", "Cancel matching");
        await page.SeesAsync("dialog h2", "Cancel all 5 runs?");
        Assert.Equal(5, (await server.Grid.ListRunsAsync(new RunQuery(RunStatus.Running))).Runs.Length);
        await page.ClickAsync("dialog button", "Cancel them");

        await page.UntilAsync($"{Rows}.filter(r => r.innerText.includes('cancelled')).length === 5");
        await page.SeesAsync(".toast", "Cancelled 5 runs.");
        page.HasNotComplained();
    }

    [Fact]
    public async Task List_OfSeveralStatuses_IsInOrderOverManyPagesAndFindsARunByItsId()
    {
        await using var server = await ConsoleServer.StartAsync("--AgentGrid:Synchronous", "Normal");
        await server.FillAsync(1200);
        var oldest = await server.Grid.ListRunsAsync(new RunQuery(MatchId: "many_3"));
        await using var page = await chromium.OpenAsync(server.Url);
        await page.GoAsync("#/runs?status=completed,failed");

        await page.UntilAsync("""
            (() => {
              const rows = document.querySelector('.rows');
              rows.scrollTop = rows.scrollHeight;
              return document.getElementById('summary').textContent === '1,200 runs';
            })()
            """);
        var pages = await page.EvaluateAsync("""
            (async () => {
              const { pageOf } = await import('/console/lib/run-pages.js');
              const all = [];
              let from;
              do {
                const page = await pageOf({}, ['completed', 'failed'], 100, from);
                all.push(...page.runs.map(r => [r.run_id, Date.parse(r.accepted_at)]));
                from = page.next;
              } while (from);
              const sorted = all.every(([, at], i) => i === 0 || all[i - 1][1] >= at);
              return [all.length, new Set(all.map(([id]) => id)).size, sorted].join();
            })()
            """);
        Assert.Equal("1200,1200,true", pages.GetString());

        var id = Assert.Single(oldest.Runs).RunId.ToString();
        await page.FillAsync(".find", "00000000");
        await page.PressAsync("Enter", 13);
        await page.SeesAsync(".toast.bad", "None of the runs read so far has '00000000' in its id.");
        await page.FillAsync(".find", id[^10..]);
        await page.PressAsync("Enter", 13);
        await page.SeesAsync("h1", "many_3 / 1");
        await page.GoAsync("#/runs?match_id=nobody");
        await page.SeesAsync("#summary", "No run matches these filters");
        await page.FillAsync(".find", Guid.ParseExact(id, "N").ToString("D"));
        await page.PressAsync("Enter", 13);
        await page.SeesAsync("h1", "many_3 / 1");
        page.HasNotComplained();
    }

    [Fact]
    public async Task ArrowKeys_InTheList_MoveAndEnterOpens()
    {
        await using var server = await ConsoleServer.StartAsync();
        await using var page = await chromium.OpenAsync(server.Url);
        await server.PostAsync("older", """{"a":{"agent":"echo"}}""");
        await server.PostAsync("newer", """{"a":{"agent":"echo"}}""");
        await page.GoAsync("#/runs");
        await page.UntilAsync($"{Rows}.length === 2");

        await page.EvaluateAsync("document.querySelector('.rows').focus()");
        await page.PressAsync("ArrowDown", 40);
        await page.PressAsync("ArrowDown", 40);
        await page.UntilAsync("document.activeElement.textContent === 'older / r1'");
        await page.PressAsync("Home", 36);
        await page.UntilAsync("document.activeElement.textContent === 'newer / r1'");
        await page.PressAsync("End", 35);
        await page.UntilAsync("document.activeElement.textContent === 'older / r1'");
        await page.EvaluateAsync("document.activeElement.click()");

        await page.SeesAsync("h1", "older / r1");
        page.HasNotComplained();
    }
}
