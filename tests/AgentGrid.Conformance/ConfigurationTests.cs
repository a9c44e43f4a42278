using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Files that are edited while the engine runs.</summary>
public abstract class ConfigurationTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    private const string File = "plans/duo.yaml";

    protected override GridSetup Setup { get; } = new() { Files = [Actors.Config, new ConfigFile(File, Duo("bravo"))] };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Edit_OfAPlan_HoldsForNewRunsAlone(bool crash)
    {
        var gate = Script.Gate();
        Script.On("alpha", call => call.Number == 1 ? call.AnswerAfterAsync(gate) : new(call.Answer()));
        var before = await AcceptAsync(Request());
        await Script.StartedAsync("alpha");
        var (_, version, _, definition) = Assert.Single(await Grid.GetPlansAsync());
        Assert.Equal(version, before.PlanVersion);

        await Host.EditAsync(File, Duo("charlie"));
        if (crash)
        {
            await SeenAsync(before, "alpha:start");
            await Host.CrashAsync();
            await Host.StartAsync(Setup with { Files = [Actors.Config, new ConfigFile(File, Duo("charlie"))] });
        }
        gate.Open();
        var after = await EndOfAsync(await AcceptAsync(Request()));
        var ended = await EndOfAsync(before);

        Assert.NotEqual(version, after.Summary.PlanVersion);
        Assert.Equal("charlie", after.Result!.Element.GetProperty("second").GetProperty("agent").GetString());
        Assert.Equal(version, ended.Summary.PlanVersion);
        Assert.Equal(definition, ended.PlanDefinition);
        Assert.NotEqual(definition, after.PlanDefinition);
        Assert.Equal("bravo", ended.Result!.Element.GetProperty("second").GetProperty("agent").GetString());
    }

    [Fact]
    public async Task Edit_OfARateLimit_HoldsAtOnceForAttemptsAndCalls()
    {
        await Host.EditAsync("agents.yaml", Limited("1/h"));
        Script.On("charlie", async call => await call.Invocation.Calls.CallAsync("alpha", Json.Null, call.Cancellation));
        AssertCompleted(await RunAsync("""{"a": {"agent": "charlie"}}"""));

        var elsewhere = await RunAsync("""{"a": {"capability": "work"}}""");
        var decision = Assert.Single(StepOf(elsewhere, "a").Attempts).Decision!;
        Assert.Equal("bravo", decision.Agent);
        Assert.StartsWith(
            "rate limit: next in 3", Assert.Single(decision.Candidates, c => c.Agent == "alpha").InWords(), StringComparison.Ordinal);
        var held = await AcceptAsync("""{"a": {"agent": "alpha"}}""");
        await WaitingAsync("alpha", 1);
        Assert.Equal(0, Assert.Single(await Grid.GetAgentsAsync(), a => a.Config.Name == "alpha").Rate!.Value.Left);

        await Host.EditAsync("agents.yaml", Limited("100/s"));

        AssertCompleted(await EndOfAsync(held));
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Tokens_OfARateLimit_AreTakenByEstimateAndSettledWithWhatWasUsed()
    {
        await Host.EditAsync("agents.yaml", Limited("{ tokens: 6000/h, estimate: 4000 }"));
        long used = 1_000;
        Script.On("alpha", call =>
        {
            call.Invocation.ReportUsage(used - 1);
            call.Invocation.ReportUsage(1);
            return used > 4_000 ? throw new AgentException("no_luck", "not now", retryable: false) : new(call.Answer());
        });

        var first = await RunAsync("""{"a": {"agent": "alpha"}}""");
        Assert.Equal(1_000, Assert.Single(StepOf(first, "a").Attempts).Tokens);
        await LeftAsync(5_000);
        // Also of one that fails, and of a call by another agent.
        Script.On("charlie", async call => await call.Invocation.Calls.CallAsync("alpha", Json.Null, call.Cancellation));
        AssertCompleted(await RunAsync("""{"a": {"agent": "charlie"}}"""));
        await LeftAsync(4_000);
        used = 4_001;
        var failed = await RunAsync("""{"a": {"agent": "alpha"}}""");
        Assert.Equal(4_001, Assert.Single(StepOf(failed, "a").Attempts).Tokens);
        await LeftAsync(0);

        var elsewhere = await RunAsync("""{"a": {"capability": "work"}}""");
        var decision = Assert.Single(StepOf(elsewhere, "a").Attempts).Decision!;
        Assert.Equal("bravo", decision.Agent);
        Assert.Matches(
            "^rate limit: [0-9]+ of 4000 tokens left, next in about 2[34][0-9][0-9][.][0-9] s",
            Assert.Single(decision.Candidates, c => c.Agent == "alpha").InWords());
        used = 1;
        var held = await AcceptAsync("""{"a": {"agent": "alpha"}}""");
        await WaitingAsync("alpha", 1);

        await Host.EditAsync("agents.yaml", Limited("{ tokens: 60000/s, estimate: 4000 }"));

        AssertCompleted(await EndOfAsync(held));
        await AllSlotsFreeAsync();
    }

    // A few flow in while the test runs.
    private Task LeftAsync(long tokens) => Limits.EventuallyAsync(
        async () => (await LoadAsync("alpha")).Rate?.Tokens?.Left is { } left && left >= tokens && left < tokens + 100,
        async () => $"{tokens} tokens were to be left: {(await LoadAsync("alpha")).Rate?.Tokens}");

    [Fact]
    public async Task Labels_OfAgents_ThatAStepPrefersAreAskedFirst()
    {
        await Host.EditAsync("agents.yaml", "agents: { bravo: { labels: { lang: de } }, alpha: { labels: { lang: en } } }");
        const string Step = """{"a": {"capability": "work", "route": {"prefer": {"lang": "input.language"}}}}""";

        var german = Assert.Single(StepOf(await RunAsync(Step, """{"language": "de"}"""), "a").Attempts);
        var english = Assert.Single(StepOf(await RunAsync(Step, """{"language": "en"}"""), "a").Attempts);
        var french = Assert.Single(StepOf(await RunAsync(Step, """{"language": "fr"}"""), "a").Attempts);

        Assert.Equal(("bravo", "alpha"), (german.Agent, english.Agent));
        Assert.StartsWith("prefers lang=de: matches; ", german.Decision!.Why, StringComparison.Ordinal);
        Assert.Equal("lang=de", german.Decision.Candidates[0].Matches);
        Assert.StartsWith("prefers lang=fr: nobody matches; ", french.Decision!.Why, StringComparison.Ordinal);
        // Who matches fails: the others are asked, and the decision says so.
        Script.On("bravo", static _ => throw new AgentException("broken", "It is broken.", retryable: false));
        var attempts = StepOf(await RunAsync(Step, """{"language": "de"}"""), "a").Attempts;
        Assert.Equal("bravo", attempts[0].Agent);
        Assert.StartsWith("fallback after 'bravo': prefers lang=de: nobody matches", attempts[1].Decision!.Why, StringComparison.Ordinal);
        var dry = await Grid.RouteAsync(new RouteQuery(["work"], Prefer: Labels.Of(("lang", "de"))));
        Assert.Equal("bravo", dry.Agent);
        Assert.StartsWith("prefers lang=de: matches; ", dry.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_FailsInARow_OthersAreAskedUntilItWorksAgain()
    {
        await Host.EditAsync("agents.yaml", "agents: { alpha: { breaker: { failures: 2, cooldown: 1h } } }");
        var isBroken = true;
        Script.On("alpha", call => isBroken ? throw new AgentException("broken", "It is broken.") : new(call.Answer()));
        // Where there are several nodes, it is one of them until others fail as well.
        await Limits.EventuallyAsync(
            async () =>
            {
                await RunAsync("""{"a": {"agent": "alpha"}}""");
                return (await LoadAsync("alpha")).Failing is { InARow: >= 2, IsOpen: true, IsAvoided: true };
            },
            async () => $"alpha is {(await LoadAsync("alpha")).Failing}");
        isBroken = false;
        var last = (await LoadAsync("alpha")).LastFailures;
        Assert.All(last, static f => Assert.Equal((ErrorKind.Error, "broken", "It is broken.", "a"), (f.Kind, f.Code, f.Message, f.Step)));
        Assert.Equal(last.Length, last.DistinctBy(static f => f.Node).Count());

        var elsewhere = await RunAsync("""{"a": {"capability": "work"}}""");
        var decision = Assert.Single(StepOf(elsewhere, "a").Attempts).Decision!;
        Assert.Equal("bravo", decision.Agent);
        Assert.Matches("^failing: \\d+ in a row, next try in 3", decision.Candidates[^1].InWords());
        Assert.Equal("alpha", (await Grid.RouteAsync(new RouteQuery(["work"]))).Candidates[^1].Agent);
        var fallback = await RunAsync("""{"a": {"agent": "alpha", "fallback": ["charlie"]}}""");
        Assert.Equal("charlie", Assert.Single(StepOf(fallback, "a").Attempts).Agent);

        // Nobody else can be asked, so it is asked all the same; and works.
        AssertCompleted(await RunAsync("""{"a": {"agent": "alpha"}}"""));

        await Limits.EventuallyAsync(
            async () => (await LoadAsync("alpha")).Failing is null, async () => $"alpha is {(await LoadAsync("alpha")).Failing}");
        Assert.Equal("alpha", Assert.Single(StepOf(await RunAsync("""{"a": {"capability": "work"}}"""), "a").Attempts).Agent);
    }

    [Fact]
    public async Task Edit_WithAMistake_IsRefusedAndNamedWhileTheOldHolds()
    {
        var version = Assert.Single(await Grid.GetPlansAsync()).Version;

        await Host.EditAsync(File, Duo("bravo").Replace("agent: alpha", "agnet: alpha", StringComparison.Ordinal));

        var problems = (await Grid.GetHealthAsync()).ConfigProblems;
        Assert.Contains(problems, p => p.File == File && p.Line > 0 && p.Message.Contains("agnet", StringComparison.Ordinal));
        Assert.Equal(version, Assert.Single(await Grid.GetPlansAsync()).Version);
        AssertCompleted(await EndOfAsync(await AcceptAsync(Request())));

        await Host.EditAsync(File, Duo("charlie"));

        Assert.Empty((await Grid.GetHealthAsync()).ConfigProblems);
        Assert.NotEqual(version, Assert.Single(await Grid.GetPlansAsync()).Version);
    }

    [Fact]
    public async Task Edit_OfAnAgent_ChangesItsSlotsAndWhetherItIsSeen()
    {
        await Host.EditAsync("agents.yaml", "agents: { alpha: { enabled: false }, bravo: { max_concurrency: 1 } }");
        var gate = Script.Gate();
        Script.On("bravo", call => call.AnswerAfterAsync(gate));

        var first = await AcceptAsync("""{"a": {"capability": "work"}}""");
        await Script.StartedAsync("bravo");
        var second = await RunAsync("""{"a": {"capability": "work"}}""");
        gate.Open();

        AssertCompleted(await EndOfAsync(first));
        Assert.Equal("charlie", Assert.Single(StepOf(second, "a").Attempts).Agent);
        Assert.Empty(Script.Calls("alpha"));
    }

    [Fact]
    public async Task Agent_WithAnInputSchema_IsNotCalledWithWhatDoesNotFit()
    {
        await Host.EditAsync("agents.yaml", "agents: { alpha: { input_schema: { properties: { n: { type: integer } } } } }");

        var unfit = await RunAsync("""{"a": {"agent": "alpha", "input": {"n": "one"}, "retry": {"max_attempts": 3, "backoff": "5ms"}}}""");
        var fit = await RunAsync("""{"a": {"agent": "alpha", "input": {"n": 1}}}""");

        var attempt = Assert.Single(StepOf(unfit, "a").Attempts);
        Assert.Equal("bad_input", attempt.Error!.Code);
        Assert.Contains("input.n: Value is \"string\" but should be \"integer\"", attempt.Error.Message, StringComparison.Ordinal);
        AssertCompleted(fit);
        Assert.Single(Script.Calls("alpha"));
    }

    [Fact]
    public async Task Submit_AgainAfterTheConfigurationHasChanged_IsTheSameRun()
    {
        await Host.EditAsync(File, $"default: duo\n{Duo("charlie")}");
        SubmitRun named = Request(), byDefault = named with { Key = new RunKey(Script.NewMatch(), "1"), Plan = null };
        var first = await AcceptAsync(named);
        var second = await AcceptAsync(byDefault);
        AssertCompleted(await EndOfAsync(first));

        await Host.EditAsync(File, $"default: trio\n{Duo("bravo").Replace("duo", "trio", StringComparison.Ordinal)}");

        Assert.Equal("trio", Assert.Single(await Grid.GetPlansAsync()).Name);
        Assert.Equal(first.RunId, Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(named)).Run.RunId);
        Assert.Equal(second.RunId, Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(byDefault)).Run.RunId);
        Assert.Equal("duo", (await EndOfAsync(second)).Summary.Plan);
        var other = Assert.IsType<SubmitResult.Invalid>(await Grid.SubmitAsync(Request()));
        Assert.Equal(CommandCodes.UnknownPlan, Assert.Single(other.Problems).Code);
    }

    [Fact]
    public async Task Submit_AgainForAnotherPlan_IsAConflict()
    {
        await Host.EditAsync(File, $"default: duo\n{Duo("bravo")}\n  trio:\n    steps: {{ first: {{ agent: charlie }} }}");
        var request = Request() with { Plan = null };
        var run = await AcceptAsync(request);

        foreach (var other in new[]
        {
            request with { Plan = "trio" },
            request with { Plan = "nowhere" },
            request with { InlinePlan = Json.Parse("""{"name": "duo", "steps": {"first": {"agent": "alpha"}}}""") },
        })
        {
            var conflict = Assert.IsType<SubmitResult.Conflict>(await Grid.SubmitAsync(other));
            Assert.Equal((run.RunId, "plan"), (conflict.Run.RunId, Assert.Single(conflict.Differences)));
        }
        // By its name it is the same plan.
        Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(request with { Plan = "duo" }));
    }

    private SubmitRun Request() => new(new RunKey(Script.NewMatch(), "1"), Json.EmptyObject, Plan: "duo");

    private static string Duo(string second) => $$"""
        plans:
          duo:
            steps:
              first:  { agent: alpha }
              second: { agent: {{second}}, needs: [first] }
        """;

    private static string Limited(string limit) => $"agents: {{ alpha: {{ rate_limit: {limit} }} }}";
}
