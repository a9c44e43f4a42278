using System.Text.Json;
using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests;

public sealed class RunTests(GridHost host) : IClassFixture<GridHost>, IDisposable
{
    private const string Snapshot = """
        {"players":[
          {"id":"p1","role":"entry","peek_events":[{"time":1},{"time":2}]},
          {"id":"p2","role":"support","peek_events":[]}]}
        """;
    private const string Echo = "steps: { only: { agent: echo } }\nresult: { match: only.match_id }\n";

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Run_SnapshotAlone_IsWrappedAndRunsTheDefaultPlan()
    {
        var file = _scratch.Write("snapshot.json", Snapshot);

        var result = await host.Tool().RunAsync("run", file, "--match", "wrapped", "--round", "1", "--wait", "--json");

        Assert.Equal((ExitCode.Ok, ""), (result.Exit, result.Error));
        Assert.Equal("completed", result.Json.GetProperty("status").GetString());
        Assert.True(result.Json.GetProperty("result").GetProperty("frames").GetInt32() > 0);
        var posted = result.Json.GetProperty("input").GetProperty("grid_snapshot");
        Assert.Equal(2, posted.GetProperty("players").GetArrayLength());
    }

    [Fact]
    public async Task Run_WithAKey_GivesAgentsTheFileAndIsFoundByTheKey()
    {
        var input = _scratch.Write("input.json", """{"text":"long","match_id":"the agent's own"}""");

        var result = await host.Tool().RunAsync(
            "run", input, "--key", "article-17", "--plan", _scratch.Write("echo.yaml", Echo), "--wait", "--json");
        var shown = await host.Tool().RunAsync("show", "article-17", "--json");
        var listed = await host.Tool().RunAsync("runs", "--key", "article-17", "--json");
        var refused = await host.Tool().RunAsync("run", input, "--key", "k", "--round", "2");

        Assert.Equal((ExitCode.Ok, ""), (result.Exit, result.Error));
        Assert.Equal("""{"text":"long","match_id":"the agent's own"}""", result.Json.GetProperty("input").GetRawText());
        Assert.Equal("the agent's own", result.Json.GetProperty("result").GetProperty("match").GetString());
        Assert.Equal(result.Json.GetProperty("run_id").GetString(), shown.Json.GetProperty("run_id").GetString());
        Assert.Equal(
            result.Json.GetProperty("run_id").GetString(),
            Assert.Single(listed.Json.GetProperty("runs").EnumerateArray()).GetProperty("run_id").GetString());
        Assert.Equal(ExitCode.Usage, refused.Exit);
        Assert.Contains("--key says both --match and --round: leave them out, or it.", refused.Error);
    }

    [Fact]
    public async Task Run_RequestFromStandardInput_OptionsWinOverTheFile()
    {
        var tool = new Tool(host.Url)
        {
            Input = """{"match_id":"file","round":7,"plan":"nowhere","priority":1,"extra":{"kept":true}}""",
        };

        var result = await tool.RunAsync(
            "run", "-", "--match", "stdin", "--plan", _scratch.Write("echo.yaml", Echo), "--priority", "5",
            "--wait", "--json");

        Assert.Equal((ExitCode.Ok, ""), (result.Exit, result.Error));
        Assert.Equal("stdin", result.Json.GetProperty("result").GetProperty("match").GetString());
        Assert.Equal("7", result.Json.GetProperty("round").GetString());
        Assert.Equal("echo", result.Json.GetProperty("plan").GetString());
        Assert.True(result.Json.GetProperty("input").GetProperty("extra").GetProperty("kept").GetBoolean());
    }

    [Fact]
    public async Task Run_Later_SaysWhenAndCanBeCancelledBefore()
    {
        var input = """{"match_id":"later","round":"1","plan":{"steps":{"only":{"agent":"echo"}}},"start_at":"2020-01-01T00:00:00Z"}""";

        var begun = await new Tool(host.Url) { Input = input }.RunAsync("run", "-", "--delay", "10h");
        var shown = await host.Tool().RunAsync("show", "later/1");
        var listed = await host.Tool().RunAsync("runs", "--match", "later", "--status", "scheduled");
        var cancelled = await host.Tool().RunAsync("cancel", "--match", "later", "--status", "scheduled");
        var at = await new Tool(host.Url) { Input = input }.RunAsync(
            "run", "-", "--round", "2", "--start-at", "2020-01-01T00:00:00+01:00", "--wait");

        Assert.Equal(ExitCode.Ok, begun.Exit);
        Assert.Contains("scheduled for 20", begun.Lines[0]);
        Assert.Contains(shown.Lines, l => l.StartsWith("waits     for its start time, 20", StringComparison.Ordinal));
        Assert.Contains("later/1", listed.Lines[1]);
        Assert.Equal(ExitCode.Ok, cancelled.Exit);
        Assert.Equal("cancelled", (await host.Tool().RunAsync("show", "later/1", "--json")).Json.GetProperty("status").GetString());
        Assert.Equal(ExitCode.Ok, at.Exit);
    }

    [Fact]
    public async Task Run_OnConflict_UsesTheRunThatIsThereOrTakesItsPlace()
    {
        static string Input(int n) => $$"""{"match_id":"superseded","round":"1","n":{{n}},"plan": {"steps": {"only": {"agent": "echo"} } } }""";
        var first = await new Tool(host.Url) { Input = Input(1) }.RunAsync("run", "-", "--json");
        Assert.True(first.Exit == ExitCode.Ok, first.Error);
        var id = first.Json.GetProperty("run_id").GetString();

        var refused = await new Tool(host.Url) { Input = Input(2) }.RunAsync("run", "-");
        var used = await new Tool(host.Url) { Input = Input(2) }.RunAsync("run", "-", "--on-conflict", "use_existing");
        var begun = await new Tool(host.Url) { Input = Input(2) }.RunAsync("run", "-", "--on-conflict", "supersede");
        var again = await new Tool(host.Url) { Input = Input(2) }.RunAsync("run", "-", "--on-conflict", "supersede");
        var wrong = await new Tool(host.Url) { Input = Input(2) }.RunAsync("run", "-", "--on-conflict", "win");

        Assert.Equal(ExitCode.Refused, refused.Exit);
        Assert.StartsWith($"{id}  superseded/1", used.Lines[0], StringComparison.Ordinal);
        Assert.EndsWith($"(supersedes {id})", begun.Lines[0], StringComparison.Ordinal);
        Assert.Equal(begun.Lines[0][..32], again.Lines[0][..32]);
        Assert.Contains("(already posted)", again.Lines[0], StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, wrong.Exit);
        Assert.Contains($"superseded by run {begun.Lines[0][..32]}", (await host.Tool().RunAsync("show", id!)).Lines);
        var shown = await host.Tool().RunAsync("show", "superseded/1");
        Assert.Contains($"supersedes run {id}, as number 2 of its key", shown.Lines);
    }

    [Fact]
    public async Task Run_WithLabels_ShowsThemAndIsFoundByThem()
    {
        var input = """{"match_id":"labelled","round":"1","labels":{"team":"red","kept":"no"},"plan":{"steps":{"only":{"agent":"echo"}}}}""";

        await new Tool(host.Url) { Input = input }.RunAsync("run", "-", "--label", "team=blue", "--label", "env=a=b", "--wait");
        var shown = await host.Tool().RunAsync("show", "labelled/1");
        var listed = await host.Tool().RunAsync("runs", "--label", "env=a=b", "--label", "team=blue");
        var others = await host.Tool().RunAsync("runs", "--label", "kept=no", "--json");
        var wrong = await host.Tool().RunAsync("runs", "--label", "Team=blue");

        Assert.Contains("labels    env=a=b, team=blue", shown.Lines);
        Assert.Contains("labelled/1", Assert.Single(listed.Lines.Skip(1)));
        Assert.Empty(others.Json.GetProperty("runs").EnumerateArray());
        Assert.Equal(ExitCode.Usage, wrong.Exit);
        Assert.Contains("--label: 'Team' is not the name of a label", wrong.Error);
    }

    [Theory]
    [InlineData("--start-at is 'tomorrow'; expected a time with its offset from UTC", "--start-at", "tomorrow")]
    [InlineData("--start-at and --delay both say when it starts", "--start-at", "2030-01-01T00:00Z", "--delay", "1m")]
    public async Task Run_LaterThatIsNoTime_IsRefused(string expected, params string[] options)
    {
        var result = await new Tool(host.Url) { Input = "{}" }.RunAsync(["run", "-", "--match", "m", "--round", "1", .. options]);

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains(expected, result.Error);
    }

    [Theory]
    [InlineData("inline.json", """{"name":"mine","steps":{"only":{"agent":"echo"}}}""", "mine")]
    [InlineData("one.yml", "plans:\n  alone: { steps: { only: { agent: echo } } }\n", "alone")]
    [InlineData("two.yaml", "default: b\nplans: { a: {}, b: { steps: { only: { agent: echo } } } }\n", "b")]
    public async Task Run_PlanFile_IsPostedInline(string name, string text, string plan)
    {
        var result = await new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", $"inline-{plan}", "--round", "1", "--plan", _scratch.Write(name, text),
            "--wait", "--json");

        Assert.Equal((ExitCode.Ok, ""), (result.Exit, result.Error));
        Assert.Equal(plan, result.Json.GetProperty("plan").GetString());
    }

    [Fact]
    public async Task Run_PlanFileWithMistakes_NamesThemAllAndPostsNothing()
    {
        var plan = _scratch.Write("bad.yaml", "steps:\n  a: { agnet: echo }\n  b: { agent: echo, needs: [c] }\n");

        var result = await new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", "never", "--round", "1", "--plan", plan);

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains($"{plan}(2,8): error AG1002: unknown key 'agnet', did you mean 'agent'?", result.Error);
        Assert.Contains($"{plan}(3,29): error AG1102", result.Error);
        var runs = await host.Tool().RunAsync("runs", "--match", "never", "--json");
        Assert.Equal(0, runs.Json.GetProperty("runs").GetArrayLength());
    }

    [Theory]
    [InlineData("", "(1,1): error AG1101: the file is empty")]
    [InlineData("plans: { a: {}, b: {} }", "(1,8): error AG1115: 2 plans, where one is expected")]
    [InlineData("default: c\nplans: { a: {}, b: {} }", "(2,8): error AG1115: unknown plan 'c'")]
    [InlineData("plans: { a: {} }", "(1,10): error AG1101: the plan 'a' has no steps")]
    public async Task Run_PlanFileWithoutOnePlan_SaysWhatIsWanted(string text, string message)
    {
        var result = await new Tool(null) { Input = "{}" }.RunAsync(
            "run", "-", "--match", "m", "--round", "r", "--plan", _scratch.Write("plan.yaml", text));

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains(message, result.Error);
    }

    [Fact]
    public async Task Run_WithoutWait_SaysTheIdAndThatItIsThere()
    {
        var tool = new Tool(host.Url) { Input = """{"match_id":"short","round":"1"}""" };
        var plan = _scratch.Write("echo.yaml", Echo);

        var first = await tool.RunAsync("run", "-", "--plan", plan);
        var again = await new Tool(host.Url) { Input = tool.Input }.RunAsync("run", "-", "--plan", plan, "--json");

        Assert.Equal((ExitCode.Ok, ExitCode.Ok), (first.Exit, again.Exit));
        var id = again.Json.GetProperty("run_id").GetString()!;
        Assert.StartsWith($"{id}  short/1  echo@", first.Out);
        Assert.Contains($"agentgrid watch {id}", first.Error);
        Assert.True(again.Json.GetProperty("replayed").GetBoolean());
    }

    [Fact]
    public async Task Run_SameKeyOtherContent_IsRefusedWithTheReason()
    {
        var plan = _scratch.Write("echo.yaml", Echo);
        await new Tool(host.Url) { Input = """{"match_id":"taken","round":"1","a":1}""" }
            .RunAsync("run", "-", "--plan", plan);
        var other = new Tool(host.Url) { Input = """{"match_id":"taken","round":"1","a":2}""" };

        var result = await other.RunAsync("run", "-", "--plan", plan);

        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Contains("agentgrid: AG2030", result.Error);
        Assert.Empty(result.Out);
    }

    [Fact]
    public async Task Run_PlanThatTheServerRefuses_ListsEveryMistake()
    {
        var plan = _scratch.Write("unknown.yaml", "steps: { a: { agent: nobody }, b: { agent: nothing } }\n");

        var people = await new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", "m", "--round", "r", "--plan", plan);
        var program = await new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", "m", "--round", "r", "--plan", plan, "--json");

        Assert.Equal((ExitCode.Refused, ExitCode.Refused), (people.Exit, program.Exit));
        Assert.Contains("  plan.steps.a.agent: AG1011: ", people.Error);
        Assert.Contains("  plan.steps.b.agent: AG1011: ", people.Error);
        var error = JsonElement.Parse(program.Error).GetProperty("error");
        Assert.Equal("AG2011", error.GetProperty("code").GetString());
        Assert.Equal(2, error.GetProperty("errors").GetArrayLength());
    }

    [Theory]
    [InlineData("{}", "no 'match_id'")]
    [InlineData("""{"match_id":"m","players":[]}""", "no 'round'")]
    [InlineData("[]", "expected a JSON object")]
    [InlineData("{", "is not JSON")]
    public async Task Run_BadInput_IsAUsageError(string input, string message)
    {
        var result = await new Tool(host.Url) { Input = input }.RunAsync("run", "-");

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains(message, result.Error);
    }

    [Fact]
    public async Task Run_FailingAgent_ExitsWithOneAndSaysWhy()
    {
        var plan = _scratch.Write("fail.yaml", "steps: { only: { agent: flaky, input: { fail_rate: 1 } } }\n");

        var result = await new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", "failing", "--round", "1", "--plan", plan, "--wait");

        Assert.Equal(ExitCode.RunFailed, result.Exit);
        Assert.Contains("flaky:error  flaky: Agent 'flaky' failed on purpose", result.Out);
        Assert.Contains("failed after", result.Out);
    }

    [Fact]
    public async Task Run_MessageWithEscapeSequences_CannotReachTheTerminal()
    {
        var plan = _scratch.Write("malign.yaml", "steps: { only: { agent: malign } }\n");

        var result = await new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", "malign", "--round", "1", "--plan", plan, "--wait");
        var shown = await host.Tool().RunAsync("show", "malign/1");

        Assert.Contains("red \uFFFD[31m and  cleared \uFFFD[2J and turned \uFFFD round", result.Out);
        Assert.DoesNotContain('\u001b', result.Out + result.Error + shown.Out);
        Assert.DoesNotContain('\u202e', result.Out + result.Error + shown.Out);
    }

    [Fact]
    public async Task Wait_Interrupted_LeavesTheRunAlone()
    {
        var tool = Holding("interrupted").Start(HoldArgs("interrupted"));
        await tool.PrintedAsync("half way");

        var result = await tool.InterruptAsync();

        Assert.Equal(ExitCode.Interrupted, result.Exit);
        Assert.Contains("the run continues", result.Error);
        HoldAgent.Release("interrupted");
        var watched = await host.Tool().RunAsync("watch", "interrupted/1");
        Assert.Equal(ExitCode.Ok, watched.Exit);
    }

    [Fact]
    public async Task Wait_LongerThanTheTimeout_SaysSo()
    {
        var result = await Holding("slow").RunAsync([.. HoldArgs("slow"), "--timeout", "3s"]);

        Assert.Equal(ExitCode.StillRunning, result.Exit);
        Assert.Contains("Not ended after 3.000s", result.Error);
        HoldAgent.Release("slow");
    }

    [Fact]
    public async Task Wait_OnATerminal_DrawsABarForEachStep()
    {
        var plan = _scratch.Write(
            "bars.yaml", "steps: { first: { agent: echo }, second: { agent: hold, needs: [first] } }\n");
        var tool = new Tool(host.Url) { Input = "{}", IsTerminal = true }.Start(
            "run", "-", "--match", "bars", "--round", "1", "--plan", plan, "--wait");
        await tool.PrintedAsync("second: hold progress half way");
        HoldAgent.Release("bars");

        var result = await tool.Ended;

        Assert.Equal(ExitCode.Ok, result.Exit);
        Assert.Contains("\u001b[", result.Out);
        Assert.Contains("first: done", result.Out);
        Assert.Contains("second: done", result.Out);
        Assert.Contains("100%", result.Out);
        Assert.Contains("completed in", result.Out);
    }

    private Tool Holding(string match) => new(host.Url) { Input = $$"""{"match_id":"{{match}}","round":"1"}""" };

    private string[] HoldArgs(string match) =>
        ["run", "-", "--plan", _scratch.Write($"{match}.yaml", "steps: { only: { agent: hold } }\n"), "--wait"];
}
