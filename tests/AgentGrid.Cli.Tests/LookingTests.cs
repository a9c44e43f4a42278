using System.Text.RegularExpressions;
using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests;

/// <summary>The commands that ask and change nothing.</summary>
public sealed class LookingTests(GridHost host) : IClassFixture<GridHost>, IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Runs_Filters_AreHandedOn()
    {
        await PostAsync("listed", "a");
        await PostAsync("listed", "b");
        await PostAsync("other", "a");

        var json = await host.Tool().RunAsync("runs", "--match", "listed", "--limit", "1", "--json");
        var next = json.Json.GetProperty("next").GetString()!;
        var second = await host.Tool().RunAsync(
            "runs", "--match", "listed", "--limit", "1", "--cursor", next, "--json");
        var table = await host.Tool().RunAsync(
            "runs", "--match", "listed", "--round", "a", "--status", "completed", "--plan", "echo");
        var none = await host.Tool().RunAsync("runs", "--match", "listed", "--status", "failed");

        Assert.Equal("b", json.Json.GetProperty("runs")[0].GetProperty("round").GetString());
        Assert.Equal("a", second.Json.GetProperty("runs")[0].GetProperty("round").GetString());
        Assert.Equal(2, table.Lines.Count);
        Assert.StartsWith("RUN ", table.Lines[0]);
        Assert.Contains("listed/a", table.Lines[1]);
        Assert.Contains("completed", table.Lines[1]);
        Assert.Single(none.Lines);
    }

    [Fact]
    public async Task Runs_FailedAndCancelled_SayWhyInTheLastColumnAndInJson()
    {
        await EndBadlyAsync("why");

        var table = await host.Tool().RunAsync("runs", "--match", "why");
        var json = await host.Tool().RunAsync("runs", "--match", "why", "--json");

        Assert.EndsWith(" REASON", table.Lines[0].TrimEnd());
        Assert.Equal(4, table.Lines.Count);
        Assert.Matches(@"why/done .* \d+\.\d+s$", table.Lines[1].TrimEnd());
        Assert.Matches(@"why/off .* cancelled .* called off by\uFFFD the referee$", table.Lines[2].TrimEnd());
        Assert.Matches(
            @"why/1 .* failed .* malign: red  \[31m and  cleared  \[2J and turned \uFFFD round$",
            table.Lines[3].TrimEnd());
        var runs = json.Json.GetProperty("runs").EnumerateArray().ToArray();
        Assert.False(runs[0].TryGetProperty("reason", out _));
        Assert.Equal("called off by\u202e the referee", runs[1].GetProperty("reason").GetString());
        Assert.StartsWith("malign: red", runs[2].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Show_StepThatFailed_SaysWhatWasThrownAndWhere()
    {
        await EndBadlyAsync("thrown");

        var run = await host.Tool().RunAsync("show", "thrown/1");
        var step = await host.Tool().RunAsync("show", "thrown/1", "--step", "only");

        Assert.DoesNotContain(run.Lines, l => l.Contains("in red", StringComparison.Ordinal));
        var at = step.Lines.ToList().IndexOf("error of attempt 1: Malice");
        Assert.Equal(["  in red \uFFFD[31m", "     in clear"], step.Lines.Skip(at + 1).Take(2).Select(l => l.TrimEnd()));
    }

    [Theory]
    [InlineData(80, true)]
    [InlineData(140, true)]
    [InlineData(80, false)]
    public async Task Runs_OnATerminal_SayWhyBelowTheRow(int width, bool colours)
    {
        var match = $"below-{width}-{colours}";
        await EndBadlyAsync(match);
        var tool = new Tool(host.Url) { IsTerminal = colours, Width = width };

        var lines = (await tool.RunAsync("runs", "--match", match)).Lines
            .Select(l => Regex.Replace(l, @"\u001b\[[0-9;]*m", "").TrimEnd()).ToList();

        Assert.DoesNotContain(lines, l => l.Contains("REASON") || l.Contains('\u001b'));
        Assert.All(lines, l => Assert.InRange(l.Length, 1, width));
        var failed = lines.FindIndex(l => l.Contains(" failed "));
        var why = lines.FindIndex(l => l.StartsWith("  malign: red"));
        var cancelled = lines.FindIndex(l => l.Contains(" cancelled "));
        var off = lines.IndexOf("  called off by\uFFFD the referee");
        Assert.True(cancelled < off && off < failed && failed < why, string.Join('\n', lines));
        Assert.Equal(2, lines.Count(l => l.StartsWith("  ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Runs_Watch_SaysWhyARunFailed()
    {
        await EndBadlyAsync("watched-why");
        var tool = host.Tool().Start("runs", "--watch", "--interval", "20ms", "--match", "watched-why");

        await tool.PrintedAsync("failed  malign: red");
        await tool.PrintedAsync("cancelled  called off");
        await tool.InterruptAsync();
    }

    [Theory]
    [InlineData("2", "a b", "9")]
    [InlineData("3", "a b c", null)]
    public async Task Runs_PagesThatAreShort_AreGoneOnFromUntilThereAreEnough(string limit, string rounds, string? next)
    {
        await using var server = await PagesServer.StartAsync(
        [
            """{"runs":[],"next":"7"}""",
            """{"runs":[{"round":"a"}],"next":"8"}""",
            """{"runs":[{"round":"b"}],"next":"9"}""",
            """{"runs":[{"round":"c"}]}""",
        ]);

        var result = await new Tool(server.Url).RunAsync("runs", "--agent", "rare one", "--limit", limit, "--json");

        var runs = result.Json.GetProperty("runs").EnumerateArray();
        Assert.Equal(rounds, string.Join(' ', runs.Select(r => r.GetProperty("round"))));
        Assert.Equal(next, result.Json.TryGetProperty("next", out var rest) ? rest.GetString() : null);
        Assert.Equal(
            [$"?limit={limit}&agent=rare%20one", $"?limit={limit}&agent=rare%20one&cursor=7"], server.Asked.Take(2));
        Assert.EndsWith("&cursor=8", server.Asked[2]);
        Assert.Equal(rounds.Length == 3 ? 3 : 4, server.Asked.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Runs_Watch_PrintsEachChangeOnce(bool json)
    {
        var match = $"watched-{json}";
        string[] args = ["runs", "--watch", "--interval", "20ms", "--match", match];
        var tool = host.Tool().Start(json ? [.. args, "--json"] : args);
        await StartHeldAsync(match);
        await tool.PrintedAsync("running");
        HoldAgent.Release(match);
        await tool.PrintedAsync("completed");

        var result = await tool.InterruptAsync();

        Assert.Equal(ExitCode.Interrupted, result.Exit);
        Assert.Single(result.Lines, l => l.Contains("running"));
        Assert.Single(result.Lines, l => l.Contains("completed"));
    }

    [Fact]
    public async Task RunsAndShow_RunThatIsRetried_SayWhenAndWhy()
    {
        await StartAsync(
            "stuck",
            "a: { agent: flaky, input: { fail_times: 1 }, "
            + "retry: { max_attempts: 2, backoff: 10m, max_backoff: 10m } }");

        var list = await ListedAsync("stuck", "retrying");
        var shown = await host.Tool().RunAsync("show", "stuck/1");

        Assert.EndsWith("so far", list);
        var waits = Assert.Single(shown.Lines, l => l.StartsWith("waits ", StringComparison.Ordinal));
        Assert.Matches("step 'a': attempt 2 starts at 2.*Z, because attempt 1 of 'flaky' failed: .*on purpose", waits);
    }

    [Fact]
    public async Task RunsAndShow_RunThatWaitsForASlot_SayOfWhichAgentAndForHowLong()
    {
        // The agent has 16 slots.
        await StartAsync("crowded", "all: { mode: each, for_each: input.grid_snapshot.items, agent: hold }",
            $"{{\"items\":[{string.Join(',', Enumerable.Range(0, 17))}]}}");

        await ListedAsync("crowded", "waiting_for_slot");
        var shown = await host.Tool().RunAsync("show", "crowded/1");
        HoldAgent.Release("crowded");

        var waits = Assert.Single(shown.Lines, l => l.StartsWith("waits ", StringComparison.Ordinal));
        Assert.Matches("step 'all': for a slot of 'hold', for .*s; see 'agentgrid agents'", waits);
        Assert.Matches(@"(?m)^all +17 +hold +queued +.*s so far", shown.Out);
    }

    [Fact]
    public async Task Show_RunThatWaitsForADrainedAgent_SaysThatItIsDrained()
    {
        await using var own = new GridHost();
        await own.InitializeAsync();
        await own.Tool().RunAsync("drain", "echo");
        var plan = _scratch.Write("drained.yaml", "steps: { only: { agent: echo } }\n");
        await new Tool(own.Url) { Input = "{}" }.RunAsync("run", "-", "--match", "dry", "--round", "1", "--plan", plan);
        while (!(await own.Tool().RunAsync("runs", "--status", "waiting_for_slot")).Out.Contains("dry/1"))
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }

        var shown = await own.Tool().RunAsync("show", "dry/1");

        var waits = Assert.Single(shown.Lines, l => l.StartsWith("waits ", StringComparison.Ordinal));
        Assert.Matches("step 'only': for 'echo', for .*s: the agent is drained, .* 'agentgrid undrain echo'", waits);
    }

    [Fact]
    public async Task ShowAndAgents_RateLimitIsUsedUpOrAgentFails_SayWhenTheNextCanStart()
    {
        _scratch.Write(
            "limited/agents.yaml", "agents: { echo: { rate_limit: 1/h }, flaky: { breaker: { failures: 1, cooldown: 1h } } }\n");
        await using var own = new GridHost { Config = Path.Combine(_scratch.Folder, "limited") };
        await own.InitializeAsync();
        var plan = _scratch.Write("limited.yaml", "steps: { only: { agent: echo } }\n");
        await new Tool(own.Url) { Input = "{}" }.RunAsync("run", "-", "--match", "first", "--round", "1", "--plan", plan, "--wait");
        await new Tool(own.Url) { Input = "{}" }.RunAsync("run", "-", "--match", "next", "--round", "1", "--plan", plan);
        while (!(await own.Tool().RunAsync("runs", "--status", "waiting_for_slot")).Out.Contains("next/1"))
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }

        var broken = _scratch.Write("broken.yaml", "steps: { only: { agent: flaky, input: { fail_times: 9 } } }\n");
        await new Tool(own.Url) { Input = "{}" }.RunAsync("run", "-", "--match", "broken", "--round", "1", "--plan", broken, "--wait");

        var shown = await own.Tool().RunAsync("show", "next/1");
        var agents = await own.Tool().RunAsync("agents");

        var waits = Assert.Single(shown.Lines, l => l.StartsWith("waits ", StringComparison.Ordinal));
        Assert.Matches(@"step 'only': for 'echo', for .*s: rate limit 1/h: next in 3\d+\.\d s", waits);
        Assert.Matches(@"rate limit 1/h: next in 3\d+\.\d s", agents.Out);
        Assert.Matches(@"failing: 1 in a row, next try in 3\d+ s", agents.Out);
        Assert.Matches(@"(?m)^flaky failed last on node 'local' at .*: \w+: ", agents.Out);
    }

    [Fact]
    public async Task Show_Run_HasStepsAttemptsAndReasons()
    {
        await PostAsync("shown", "1");

        var people = await host.Tool().RunAsync("show", "shown/1");
        var json = await host.Tool().RunAsync("show", "shown/1", "--json");

        Assert.Contains("key       shown/1", people.Out);
        Assert.Contains("status    completed", people.Out);
        Assert.Contains("the only candidate", people.Out);
        Assert.Contains("\"match\": \"shown\"", people.Out);
        Assert.Equal("only", json.Json.GetProperty("steps")[0].GetProperty("id").GetString());
        var byId = await host.Tool().RunAsync("show", json.Json.GetProperty("run_id").GetString()!);
        Assert.Equal(people.Out, byId.Out);
    }

    [Fact]
    public async Task Show_Step_HasEveryCandidate()
    {
        var plan = _scratch.Write("race.yaml", "steps: { motion: { capability: perception } }\n");
        await new Tool(host.Url) { Input = """{"match_id":"cand","round":"1","grid_snapshot":{"players":[]}}""" }
            .RunAsync("run", "-", "--plan", plan, "--wait");

        var people = await host.Tool().RunAsync("show", "cand/1", "--step", "motion");
        var json = await host.Tool().RunAsync("show", "cand/1", "--step", "motion", "--json");
        var absent = await host.Tool().RunAsync("show", "cand/1", "--step", "nothing");

        Assert.Contains("candidates of attempt 1: the only candidate", people.Out);
        Assert.Contains(people.Lines, l => l.StartsWith('>') && l.Contains("perception") && l.Contains("priority 10, load "));
        Assert.Equal("motion", json.Json.GetProperty("id").GetString());
        Assert.Equal(ExitCode.Refused, absent.Exit);
        Assert.Contains("it has motion", absent.Error);
    }

    [Fact]
    public async Task Show_Output_IsTheValueAlone()
    {
        await PostAsync("output", "1");

        var result = await host.Tool().RunAsync("show", "output/1", "--output", "--json");
        var step = await host.Tool().RunAsync("show", "output/1", "--step", "only", "--output");
        var none = await host.Tool().RunAsync("show", "output/1", "--step", "nothing", "--output");

        Assert.Equal("{\"match\":\"output\"}\n", result.Out);
        Assert.Equal("output", step.Json.GetProperty("match_id").GetString());
        Assert.Equal(ExitCode.Refused, none.Exit);
        Assert.Contains("AG2022", none.Error);
    }

    [Theory]
    [InlineData("01a202f6e0647131bc18100a246f23e1", "AG2021")]
    [InlineData("not-an-id", "AG2021")]
    [InlineData("no/such", "no run with the key 'no/such'")]
    public async Task Show_UnknownRun_IsRefused(string run, string message)
    {
        var result = await host.Tool().RunAsync("show", run);

        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Contains(message, result.Error);
    }

    [Fact]
    public async Task Agents_TableAndJson_HaveEveryAgent()
    {
        var people = await host.Tool().RunAsync("agents");
        var json = await host.Tool().RunAsync("agents", "--json");

        Assert.Equal(json.Json.GetProperty("agents").GetArrayLength() + 1, people.Lines.Count);
        Assert.Contains(people.Lines, l => l.Contains("motion_generator") && l.Contains("0/4"));
    }

    [Fact]
    public async Task Plans_ListAndDefinition_AreTheServers()
    {
        var list = await host.Tool().RunAsync("plans");
        var one = await host.Tool().RunAsync("plans", "tactical_motion");
        var none = await host.Tool().RunAsync("plans", "nowhere");

        Assert.Contains(list.Lines, l => l.StartsWith("tactical_motion") && l.Contains("yes"));
        Assert.True(one.Json.GetProperty("steps").TryGetProperty("motion", out _));
        Assert.Equal(ExitCode.Refused, none.Exit);
    }

    [Fact]
    public async Task Route_Capabilities_SaysWhoAndWhy()
    {
        var people = await host.Tool().RunAsync("route", "motion_generation");
        var json = await host.Tool().RunAsync("route", "validation", "scoring", "--json");
        var named = await host.Tool().RunAsync("route", "--agent", "echo");
        var nobody = await host.Tool().RunAsync("route", "telepathy");
        var preferring = await host.Tool().RunAsync("route", "motion_generation", "--prefer", "lang=de");
        var both = await host.Tool().RunAsync("route", "--agent", "echo", "--prefer", "lang=de");

        Assert.Equal("motion_generator: highest priority", people.Lines[0]);
        Assert.Equal("motion_generator: prefers lang=de: nobody matches; highest priority", preferring.Lines[0]);
        Assert.Equal(ExitCode.Usage, both.Exit);
        Assert.Equal(4, people.Lines.Count);
        Assert.Contains(people.Lines, l => l.Contains("motion_backup") && l.Contains("priority 5, load "));
        Assert.Equal(3, json.Json.GetProperty("candidates").GetArrayLength());
        Assert.StartsWith("echo: the only candidate", named.Out);
        Assert.Equal(ExitCode.Refused, nobody.Exit);
        Assert.Contains("No enabled agent offers 'telepathy'", nobody.Out);
    }

    [Fact]
    public async Task Terminal_Statuses_AreColouredThereAlone()
    {
        await PostAsync("colours", "1");

        var terminal = await new Tool(host.Url) { IsTerminal = true }.RunAsync("runs", "--match", "colours");
        var json = await new Tool(host.Url) { IsTerminal = true }.RunAsync("runs", "--match", "colours", "--json");
        var pipe = await host.Tool().RunAsync("runs", "--match", "colours");

        Assert.Contains("\u001b[", terminal.Out);
        Assert.DoesNotContain('\u001b', json.Out);
        Assert.DoesNotContain('\u001b', pipe.Out);
    }

    /// <summary>One run that fails, one that is cancelled, and one that is completed, in this order.</summary>
    private async Task EndBadlyAsync(string match)
    {
        var plan = _scratch.Write("malign.yaml", "steps: { only: { agent: malign } }\n");
        await new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", match, "--round", "1", "--plan", plan, "--wait");
        plan = _scratch.Write("late.yaml", "steps: { only: { agent: delay, input: { ms: 60000 } } }\n");
        await new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", match, "--round", "off", "--plan", plan);
        var cancelled = await host.Tool().RunAsync(
            "cancel", $"{match}/off", "--reason", "called off by\u202e the referee");
        Assert.Equal(ExitCode.Ok, cancelled.Exit);
        await PostAsync(match, "done");
    }

    private async Task PostAsync(string match, string round)
    {
        var plan = _scratch.Write("echo.yaml", "steps: { only: { agent: echo } }\nresult: { match: only.match_id }\n");
        var posted = await new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", match, "--round", round, "--plan", plan, "--wait", "--json");
        Assert.Equal((ExitCode.Ok, ""), (posted.Exit, posted.Error));
    }

    /// <summary>The line of a run, once it is in the list with a status.</summary>
    private async Task<string> ListedAsync(string match, string status)
    {
        while (true)
        {
            var list = await host.Tool().RunAsync("runs", "--match", match);
            if (list.Lines.FirstOrDefault(l => l.Contains($" {status} ", StringComparison.Ordinal)) is { } line)
            {
                return line.TrimEnd();
            }
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
    }

    private Task StartHeldAsync(string match) => StartAsync(match, "only: { agent: hold }");

    private async Task StartAsync(string match, string steps, string input = "{}")
    {
        var plan = _scratch.Write($"{match}.yaml", $"steps: {{ {steps} }}\n");
        var posted = await new Tool(host.Url) { Input = input }.RunAsync(
            "run", "-", "--match", match, "--round", "1", "--plan", plan);
        Assert.Equal(ExitCode.Ok, posted.Exit);
    }
}
