using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Tests.Config;

namespace AgentGrid.Core.Tests.Plans;

public sealed class PlanReaderTests
{
    [Fact]
    public void ReadJson_EveryKey_IsReadAsItIsWritten()
    {
        var plan = Good("""
            {
              "name": "everything", "timeout": "5m", "result": {"score": "b.score", "id": "input.match_id"},
              "steps": {
                "b": {
                  "needs": ["c", "a"], "agent": "echo", "mode": "each", "require": 2, "for_each": "a.items",
                  "input": {"z": [1, {"y": null}], "a": "x"}, "timeout": "1.5s",
                  "retry": {"max_attempts": 3, "backoff": "1s", "max_backoff": "2s", "jitter": 0, "on": "timeout"},
                  "fallback": ["x", "y"], "when": "a.n > 1 and input.go", "optional": true, "on_none": "skip"
                },
                "r": {"capability": ["p", "q"], "mode": "race", "candidates": 3, "hedge_after": "200ms"},
                "a": {"capability": "p"}, "c": {"capability": "q", "mode": "all", "require": "any"}
              }
            }
            """);

        Assert.Equal(("everything", TimeSpan.FromMinutes(5)), (plan.Name, plan.Settings.Timeout));
        Assert.Equal(["id", "score"], plan.Settings.Result.Keys);
        Assert.Equal(["a", "c", "r", "b"], plan.Steps.Select(s => s.Id));
        var b = plan["b"];
        Assert.Equal(["a", "c"], b.Needs);
        Assert.Equal(("echo", StepMode.Each, new Require(2), "a.items"), (b.Agent, b.Mode, b.Require, b.ForEach?.Text));
        Assert.Equal("""{"a":"x","z":[1,{"y":null}]}""", b.Input?.ToString());
        Assert.Equal(TimeSpan.FromSeconds(1.5), b.Timeout);
        Assert.Equal((3, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), 0d),
            (b.Retry!.MaxAttempts, b.Retry.Backoff, b.Retry.MaxBackoff, b.Retry.Jitter));
        Assert.Equal(["timeout"], b.Retry.On);
        Assert.Equal(["x", "y"], b.Fallback);
        Assert.Equal(("a.n > 1 and input.go", true, OnNone.Skip), (b.When?.Text, b.Optional, b.OnNone));
        var r = plan["r"];
        Assert.Equal(["p", "q"], r.Capabilities);
        Assert.Equal((StepMode.Race, 3, TimeSpan.FromMilliseconds(200)), (r.Mode, r.Candidates, r.HedgeAfter));
        Assert.Equal((StepMode.All, Require.Any), (plan["c"].Mode, plan["c"].Require));
        Assert.Equal([0, 1], plan.Needs[3]);
    }

    [Fact]
    public void ReadJson_OnlyWhatMustBeThere_HasDefaults()
    {
        var plan = Good("""{"steps": {"a": {"agent": "echo"}}}""");

        Assert.Equal(("given", PlanSettings.DefaultTimeout), (plan.Name, plan.Settings.Timeout));
        Assert.Empty(plan.Settings.Result);
        Assert.Equal("""{"steps":{"a":{"agent":"echo"}}}""", plan.Definition.ToString());
        Assert.Equal(12, plan.Version.Length);
    }

    [Theory]
    [InlineData("[]", "plan: AG1004: expected a mapping, got a list.")]
    [InlineData("{}", "plan: AG1101: the plan 'given' has no steps: give it at least one under 'steps'.")]
    [InlineData("""{"steps": {}}""", "plan.steps: AG1101")]
    [InlineData("""{"steps": []}""", "plan.steps: AG1004: 'steps': expected a mapping, got a list.")]
    [InlineData("""{"steps": {"a": {"agent": "x"}}, "name": "a b"}""", "plan.name: AG1007")]
    [InlineData("""{"steps": {"a": {"agent": "x"}, "a": {"agent": "x"}}}""", "plan.steps.a: AG1003: duplicate key 'a'")]
    [InlineData("""{"steps": {"a": {"agent": "x", "input": {"y": ["\ud800"]}}}}""", "plan.steps.a.input.y[0]: AG1016")]
    [InlineData("""{"steps": {"a": {"agent": "x", "input": {"\ud800": 1}}}}""", "plan.steps.a.input: AG1016")]
    [InlineData("""{"steps": {"input": {"agent": "x"}}}""", "plan.steps.input: AG1116")]
    [InlineData("""{"steps": {"a": {"agent": "x", "with": ["input.a"]}}}""", "plan.steps.a.with: AG1004")]
    [InlineData("""{"steps": {"a": {"agent": "x", "mode": "all", "max_failures": 1}}}""", "plan.steps.a.max_failures: AG1107")]
    [InlineData("""{"steps": {"a": {"agent": "x", "mode": "all", "require": "settled", "max_failures": "101%"}}}""",
        "plan.steps.a.max_failures: AG1014: 'max_failures': expected a number, or a share such as 5%")]
    [InlineData("""{"steps": {"a": {"agent": "x", "mode": "all", "require": "settled", "max_failures": -1}}}""", "plan.steps.a.max_failures: AG")]
    [InlineData("""{"steps": {"a": {"agent": "x", "with": {"y": 3}}}}""",
        "plan.steps.a.with.y: AG1004: 'y': expected a path such as input.text")]
    [InlineData("""{"steps": {"a": {"agent": "x", "with": {"y": "input."}}}}""", "plan.steps.a.with.y: AG1109")]
    [InlineData("""{"steps": {"a": {"agent": "x", "with": {"y": {"path": "input.a", "text": "b"}}}}}""", "plan.steps.a.with.y: AG1109")]
    [InlineData("""{"steps": {"a": {"agent": "x", "with": {"y": {"text": "b", "default": 1}}}}}""", "plan.steps.a.with.y: AG1109")]
    [InlineData("""{"steps": {"a": {"agent": "x", "with": {"y": {"pth": "input.a"}}}}}""", "plan.steps.a.with.y.pth: AG1002")]
    [InlineData("""{"steps": {"a": {"agent": "x", "with": {"y": {"text": "{{ input.a }"}}}}}""",
        "plan.steps.a.with.y.text: AG1109: 'text': '{{ input.a }', at character 12: expected '.', '[' or '}}', got '}'")]
    [InlineData("""{"steps": {"a": {"agent": "x", "with": {"y": {"text": "{{ nobody.a }}"}}}}}""", "plan.steps.a.with.y: AG1111")]
    [InlineData("""{"steps": {"a": {"agent": "x", "with": {"y": "item.a"}}}}""", "plan.steps.a.with.y: AG1111")]
    [InlineData("""{"steps": {"a": {"agent": "x", "with": {"y": "a.b"}}}}""", "plan.steps.a.with.y: AG1111: the step 'a' cannot read its own output")]
    [InlineData("""{"steps": {"a": {"agent": "x"}, "b": {"agent": "x", "with": {"y": "a.b"}}}}""",
        "plan.steps.b.with.y: AG1111: 'a' may not be done yet when 'b' starts: add 'a' to its 'needs'")]
    [InlineData("""{"steps": {"a b": {"agent": "x"}}}""", "plan.steps[\"a b\"]: AG1007")]
    [InlineData("""{"timeout": 15, "steps": {"a": {"agent": "x"}}}""",
        "plan.timeout: AG1006: 'timeout': '15' has no unit: write 15s")]
    [InlineData("""{"result": {"x": "b.y"}, "steps": {"a": {"agent": "x"}}}""",
        "plan.result.x: AG1111: 'b' is neither")]
    [InlineData("""{"result": {"x": "a."}, "steps": {"a": {"agent": "x"}}}""",
        "plan.result.x: AG1109: 'x': 'a.', at character 3")]
    [InlineData("""{"result": {"x y": "a"}, "steps": {"a": {"agent": "x"}}}""", "plan.result[\"x y\"]: AG1007")]
    public void ReadJson_BrokenPlan_SaysWhatAndWhere(string json, string expected) =>
        Assert.StartsWith(expected, Assert.Single(Bad(json)), StringComparison.Ordinal);

    [Theory]
    [InlineData("", ": AG1106: step 's' has none of 'capability', 'agent', 'plan', 'wait' and 'approve'")]
    [InlineData("\"agent\": \"x\", \"capability\": \"y\"", ".agent: AG1106: step 's' has several of")]
    [InlineData("\"agent\": \"x\", \"wait\": {\"signal\": \"y\"}", ".wait: AG1106: step 's' has several of")]
    [InlineData("\"wait\": {}", ".wait: AG1008: 'wait' needs 'signal: <name>'")]
    [InlineData("\"wait\": {\"signal\": \"a b\"}", ".wait.signal: AG1007")]
    [InlineData("\"wait\": {\"signal\": \"y\", \"titel\": 1}", ".wait.titel: AG1002")]
    [InlineData("\"wait\": {\"signal\": \"y\", \"timeout\": \"400d\"}", ".wait.timeout: AG1006")]
    [InlineData("\"wait\": {\"signal\": \"y\", \"on_timeout\": \"default\"}", ".wait.on_timeout: AG1008")]
    [InlineData("\"wait\": {\"signal\": \"y\", \"timeout\": \"1h\", \"remind_after\": \"60m\"}", ".wait.remind_after: AG1013")]
    [InlineData("\"wait\": {\"signal\": \"y\", \"default\": 1}", ".wait.default: AG1013")]
    [InlineData("\"wait\": {\"signal\": \"y\", \"by\": [\"a\", \"a\"]}", ".wait.by[1]: AG1015")]
    [InlineData("\"wait\": {\"signal\": \"y\"}, \"timeout\": \"1s\"",
        ".timeout: AG1107: 'timeout' has no meaning beside 'wait', where no agent is asked: remove it, or write it under 'wait'.")]
    [InlineData("\"wait\": {\"signal\": \"y\"}, \"with\": {\"x\": \"input.x\"}", ".with: AG1107")]
    [InlineData("\"wait\": {\"signal\": \"y\"}, \"retry\": {}", ".retry: AG1107")]
    [InlineData("\"approve\": {}", ".approve: AG1008: 'approve' needs 'title: <what is asked>'")]
    [InlineData("\"approve\": {\"title\": \"{{ t.x }}?\"}", ".approve: AG1111: 't' may not be done yet when 's' starts")]
    [InlineData("\"approve\": {\"title\": \"{{ t\"}", ".approve.title: AG1109")]
    [InlineData("\"approve\": {\"title\": \"?\", \"form\": {}}", ".approve.form: AG1025: a form has 1 to 100 fields")]
    [InlineData("\"approve\": {\"title\": \"?\", \"form\": {\"properties\": {\"x\": {}}}}", ".approve.form.properties.x: AG1025: 'x' has no 'type'")]
    [InlineData("\"approve\": {\"title\": \"?\", \"form\": {\"properties\": {\"x\": {\"$ref\": \"#\"}}}}", ".approve.form.properties.x[\"$ref\"]: AG1002")]
    [InlineData("\"approve\": {\"title\": \"?\", \"form\": {\"properties\": {\"x\": {\"type\": \"array\"}}}}", ".approve.form.properties.x.type: AG1014")]
    [InlineData("\"approve\": {\"title\": \"?\", \"form\": {\"properties\": {\"x\": {\"type\": \"string\", \"minimum\": 1}}}}",
        ".approve.form.properties.x.minimum: AG1025: 'minimum' has no meaning for a string")]
    [InlineData("\"approve\": {\"title\": \"?\", \"form\": {\"properties\": {\"x\": {\"type\": \"integer\", \"default\": \"a\"}}}}",
        ".approve.form.properties.x.default: AG1025: 'default': expected a whole number")]
    [InlineData("\"approve\": {\"title\": \"?\", \"form\": {\"properties\": {\"x\": {\"type\": \"integer\"}}, \"required\": [\"y\"]}}",
        ".approve.form.required: AG1025: 'required' lists 'y'")]
    [InlineData("\"capability\": []", ".capability: AG1106: step 's' lists no capability")]
    [InlineData("\"agent\": \"x\", \"hedge_after\": \"1s\"",
        ".hedge_after: AG1107: 'hedge_after' has no meaning in mode one: remove it, or write 'mode: race'.")]
    [InlineData("\"agent\": \"x\", \"candidates\": 2", ".candidates: AG1107")]
    [InlineData("\"agent\": \"x\", \"hedge\": {}", ".hedge: AG1008: 'hedge' needs 'after: <how long the first is waited for>'")]
    [InlineData("\"agent\": \"x\", \"hedge\": \"p95\"", ".hedge: AG1004: 'hedge': expected a mapping, got the text 'p95'.")]
    [InlineData("\"agent\": \"x\", \"hedge\": {\"after\": \"p100\"}",
        ".hedge.after: AG1014: 'after': expected a duration such as 800ms, or p50 to p99, came the text 'p100'.")]
    [InlineData("\"agent\": \"x\", \"hedge\": {\"after\": \"0s\"}", ".hedge.after: AG1005: 'after' must be at least 1ms, not 0s.")]
    [InlineData("\"agent\": \"x\", \"hedge\": {\"after\": \"soon\"}", ".hedge.after: AG1006")]
    [InlineData("\"agent\": \"x\", \"hedge\": {\"after\": \"p95\", \"max\": 6}", ".hedge.max: AG1005: 'max' must be 1 to 5, not 6.")]
    [InlineData("\"agent\": \"x\", \"hedge\": {\"after\": \"p95\", \"budget\": \"0%\"}",
        ".hedge.budget: AG1014: 'budget': expected a share of the step's attempts above 0%, such as 5%, or of their GPU-seconds, such as 10% gpu_seconds, came the text '0%'.")]
    [InlineData("\"agent\": \"x\", \"hedge\": {\"after\": \"p95\", \"budget\": 5}", ".hedge.budget: AG1014")]
    [InlineData("\"agent\": \"x\", \"hedge\": {\"after\": \"p95\", \"delay\": 5}", ".hedge.delay: AG1002")]
    [InlineData("\"agent\": \"x\", \"candidates\": 2, \"hedge\": {\"after\": \"p95\"}",
        ".candidates: AG1013: 'candidates' has no meaning beside 'hedge', whose 'max' and 'after' say it: remove it.")]
    [InlineData("\"agent\": \"x\", \"hedge_after\": \"1s\", \"hedge\": {\"after\": \"p95\"}", ".hedge_after: AG1013")]
    [InlineData("\"agent\": \"x\", \"mode\": \"one\", \"hedge\": {\"after\": \"p95\"}",
        ".hedge: AG1107: 'hedge' has no meaning in mode one: remove it, or write 'mode: race' or 'mode: each'.")]
    [InlineData("\"agent\": \"x\", \"timeout\": \"1s\", \"hedge\": {\"after\": \"2s\"}",
        ".hedge.after: AG1013: 'after' is 2s, and an attempt of the step is given up after 1s ('timeout')")]
    [InlineData("\"plan\": \"x\", \"hedge\": {\"after\": \"p95\"}", ".hedge: AG1107: 'hedge' has no meaning beside 'plan'")]
    [InlineData("\"agent\": \"x\", \"mode\": \"race\", \"require\": 1",
        ".require: AG1107: 'require' has no meaning in mode race: remove it, or write 'mode: all' or 'mode: each'.")]
    [InlineData("\"agent\": \"x\", \"for_each\": \"input.x\"", ".for_each: AG1107")]
    [InlineData("\"agent\": \"x\", \"mode\": \"each\"", ".mode: AG1108: step 's' has mode each")]
    [InlineData("\"agent\": \"x\", \"mode\": \"rase\"", ".mode: AG1014: 'mode' cannot be 'rase', did you mean 'race'?")]
    [InlineData("\"agent\": \"x\", \"mode\": 1",
        ".mode: AG1004: 'mode': expected all, each, one, race, got the number 1.")]
    [InlineData("\"agent\": \"x\", \"mode\": \"race\", \"candidates\": 0", ".candidates: AG1005")]
    [InlineData("\"agent\": \"x\", \"mode\": \"all\", \"require\": 0", ".require: AG1005")]
    [InlineData("\"agent\": \"x\", \"mode\": \"all\", \"require\": \"some\"",
        ".require: AG1014: 'require': expected all, any, settled or a number, got the text 'some'.")]
    [InlineData("\"agent\": \"x\", \"timeout\": \"-1s\"", ".timeout: AG1006: 'timeout': '-1s' is negative")]
    [InlineData("\"agent\": \"x\", \"timeout\": \"0s\"", ".timeout: AG1005: 'timeout' must be at least 1ms, not 0s.")]
    [InlineData("\"agent\": \"x\", \"mode\": \"race\", \"hedge_after\": \"0.5ms\"", ".hedge_after: AG1005")]
    [InlineData("\"agent\": \"x\", \"input\": [1]", ".input: AG1004: 'input': expected a mapping, got a list.")]
    [InlineData("\"agent\": \"x\", \"optional\": \"yes\"", ".optional: AG1004: 'optional': expected true or false")]
    [InlineData("\"agent\": \"x\", \"on_none\": \"ignore\"",
        ".on_none: AG1014: 'on_none' cannot be 'ignore'; known: fail, skip.")]
    [InlineData("\"agent\": \"x\", \"fallback\": [\"y\", \"x\"]", ".fallback[1]: AG1015")]
    [InlineData("\"agent\": \"x\", \"retry\": {\"attempts\": 2}", ".retry.attempts: AG1002: unknown key 'attempts'")]
    [InlineData("\"agent\": \"x\", \"when\": \"a = 1\"", ".when: AG1110: 'when': 'a = 1', at character 3: write '=='")]
    [InlineData("\"agent\": \"x\", \"when\": \"s.ok\"", ".when: AG1111: the step 's' cannot read its own output")]
    [InlineData("\"agent\": \"x\", \"when\": \"t.ok\"", ".when: AG1111: 't' may not be done yet when 's' starts: add 't'")]
    [InlineData("\"agent\": \"x\", \"when\": \"imput.ok\"",
        ".when: AG1111: 'imput' is neither 'input' nor a step")]
    [InlineData("\"agent\": \"x\", \"mode\": \"each\", \"for_each\": \"t\"", ".for_each: AG1111")]
    [InlineData("\"agent\": \"x\", \"needs\": [\"s\"]", ".needs[0]: AG1103: step 's' needs itself: remove that need.")]
    [InlineData("\"agent\": \"x\", \"needs\": [\"t\", \"missing_t\", \"t\"]",
        ".needs[2]: AG1015: 'needs' lists 't' twice.", ".needs[1]: AG1102")]
    [InlineData("\"agent\": \"x\", \"needs\": \"tt\"",
        ".needs: AG1102: step 's' needs the unknown step 'tt', did you mean 't'?")]
    [InlineData("\"agent\": \"x\", \"route\": {\"prefer\": {\"lang\": \"input.l\"}}", ".route: AG1107: 'route' has no meaning beside 'agent'")]
    [InlineData("\"plan\": \"x\", \"route\": {\"prefer\": {\"lang\": \"input.l\"}}", ".route: AG1107: 'route' has no meaning beside 'plan'")]
    [InlineData("\"capability\": \"x\", \"mode\": \"all\", \"route\": {\"prefer\": {\"lang\": \"input.l\"}}", ".route: AG1107: 'route' has no meaning in mode all")]
    [InlineData("\"capability\": \"x\", \"route\": {\"prefer\": {\"lang\": \"imput.l\"}}", ".route: AG1111: 'imput' is neither 'input' nor a step")]
    [InlineData("\"capability\": \"x\", \"route\": {\"prefer\": {\"lang\": \"t.l\"}}", ".route: AG1111: 't' may not be done yet when 's' starts")]
    [InlineData("\"capability\": \"x\", \"route\": {\"prefer\": {\"Lang\": \"input.l\"}}", ".route.prefer.Lang: AG1120: 'Lang' is not the name of a label")]
    [InlineData("\"capability\": \"x\", \"route\": {\"prefers\": {}}", ".route.prefers: AG1002: unknown key 'prefers'")]
    [InlineData("\"plan\": \"x\", \"agent\": \"y\"", ".plan: AG1106: step 's' has several of")]
    [InlineData("\"plan\": \"x\", \"fallback\": \"y\"", ".fallback: AG1107: 'fallback' has no meaning beside 'plan'")]
    [InlineData("\"plan\": \"x\", \"mode\": \"race\"", ".mode: AG1107: mode race asks several agents")]
    public void ReadJson_BrokenStep_SaysWhatAndWhere(string step, params string[] expected)
    {
        var problems = Bad($$"""{"steps": {"s": { {{step}} }, "t": {"agent": "x"} } }""").ToArray();

        Assert.Equal(expected.Length, problems.Length);
        foreach (var (start, problem) in expected.Zip(problems))
        {
            Assert.StartsWith($"plan.steps.s{start}", problem, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ReadJson_ConditionOnAnEarlierStep_NeedsNoDirectNeed() => Good("""
        {"steps": {
          "c": {"needs": ["b"], "agent": "x", "when": "a.ok and input.x", "mode": "each", "for_each": "a.list"},
          "b": {"needs": ["a"], "agent": "x", "when": true}, "a": {"agent": "x"}
        }}
        """);

    [Fact]
    public void ReadJson_Cycle_IsNamedFromItsFirstStepAndWhatIsBehindItIsUnreachable() => Assert.Equal(
        [
            "plan.steps.b.needs[1]: AG1104: the steps need each other in a cycle, so none can start: "
                + "b -> d -> c -> b. Remove one of these needs.",
            "plan.steps.e: AG1105: step 'e' can never start: it needs 'd', which is in a cycle or depends on one.",
            "plan.steps.f: AG1105: step 'f' can never start: it needs 'e', which is in a cycle or depends on one.",
        ],
        Bad("""
            {"steps": {
              "a": {"agent": "x"},
              "b": {"agent": "x", "needs": ["a", "d"]},
              "c": {"agent": "x", "needs": ["b"]},
              "d": {"agent": "x", "needs": ["c"]},
              "e": {"agent": "x", "needs": ["a", "d"]},
              "f": {"agent": "x", "needs": ["e"]}
            }}
            """));

    [Fact]
    public void ReadJson_TwoCycles_AreBothNamed()
    {
        var problems = Bad("""
            {"steps": {
              "a": {"agent": "x", "needs": ["b"]}, "b": {"agent": "x", "needs": ["a"]},
              "c": {"agent": "x", "needs": ["d"]}, "d": {"agent": "x", "needs": ["c"]}
            }}
            """);

        Assert.Collection(
            problems, p => Assert.Contains("a -> b -> a", p), p => Assert.Contains("c -> d -> c", p));
    }

    [Fact]
    public void Read_ManyMistakesInOneFile_AreAllReportedWithLineAndColumn()
    {
        var result = ConfigReader.Read([new ConfigFile("plans/p.yaml", """
            defualt: p
            plans:
              p:
                timeout: 5
                steps:
                  a: { capability: perception, max_concurency: 3, timeout: 15s, timeout: 16s }
                  b:
                    needs: [a, aa]
                    agent: echo
                    hedge_after: 1s
                    when: a.x > > 1
                  c: { needs: [c], agent: echo, mode: each, require: any, for_each: b.list }
                  "d e": { agent: ekho, input: 3, optional: "true" }
                result:
                  score: f.x
            """)], TestAgents.Catalog);

        Assert.Null(result.Config);
        Assert.Equal(
            [
                "(1,1): AG1002", "(4,14): AG1006", "(6,36): AG1002", "(6,69): AG1003", "(8,20): AG1102",
                "(10,22): AG1107",
                "(11,15): AG1110", "(12,20): AG1103", "(12,73): AG1111", "(13,7): AG1007", "(13,23): AG1011",
                "(13,36): AG1004", "(13,49): AG1004", "(15,14): AG1111",
            ],
            result.Problems.Select(p => $"({p.Line},{p.Column}): {p.Code}"));
        Assert.All(result.Problems, p => Assert.Equal("plans/p.yaml", p.File));
        Assert.Equal(
            "unknown key 'max_concurency'; known: agent, approve, candidates, capability, fallback, for_each, hedge, hedge_after, "
                + "input, max_failures, mode, needs, on_none, optional, plan, require, retry, route, timeout, wait, when, with.",
            result.Problems[2].Message);
        Assert.Equal("plans.p.steps.b.needs[1]", result.Problems[4].Path);
        Assert.Equal("plans.p.steps[\"d e\"].agent", result.Problems[10].Path);
    }

    [Fact]
    public void Check_UnknownAgents_AreNamedWithTheirPlaces()
    {
        var config = ConfigReader.Read(
            [new ConfigFile("agents.yaml", "agents: { echo: { enabled: false } }")], TestAgents.Catalog).Config!;
        var plan = Good("""
            {"steps": {
              "a": {"agent": "echo", "fallback": ["motion_backup", "motion_generatr"]},
              "b": {"agent": "eco"}, "c": {"capability": "nobody_offers_this"}
            }}
            """);

        Assert.Equal(
            [
                "plan.steps.a.fallback: AG1011: step 'a': unknown agent 'motion_generatr', "
                    + "did you mean 'motion_generator'?",
                "plan.steps.b.agent: AG1011: step 'b': unknown agent 'eco', did you mean 'echo'?",
            ],
            PlanReader.Check(plan, config.Agents, []).Select(p => p.ToString()));
    }

    [Fact]
    public void ReadFile_WithTheAgentsThatExist_FindsOthersAtTheirLines()
    {
        var config = ConfigReader.Read([], TestAgents.Catalog).Config!;
        var file = new ConfigFile("p.yaml", "steps:\n  a: { agent: echo }\n  b: { agent: eco, needs: [c] }\n");

        Assert.Equal(
            ["p.yaml(3,15): AG1011", "p.yaml(3,28): AG1102"],
            PlanReader.ReadFile("p", file, config.Agents).Problems.Select(p => p.ToString().Split(": step")[0]));
        Assert.Equal(
            [ConfigCodes.UnknownNeed], PlanReader.ReadFile("p", file).Problems.Select(p => p.Code));
    }

    [Fact]
    public void ToInline_OfAPlan_IsReadAsTheSamePlan()
    {
        var plan = Good("""{"name": "mine", "timeout": "2m", "steps": {"a": {"agent": "echo"}}}""");

        var again = Good(plan.ToInline().ToString());

        Assert.Equal(("mine", plan.Version), (again.Name, again.Version));
    }

    [Fact]
    public void Read_LiteralInputThatLooksLikeAReference_IsWarnedOfAndStaysAsItIs()
    {
        const string Input = """{"a":"Sum up {{ b.text }}!","deep":{"list":["${env:X}","{{}} ${ {{"]},"fine":"$5 {x} }} {{"}""";

        var result = PlanReader.ReadJson("p", Json.Parse("""{"steps": {"s": {"agent": "echo", "input": """ + Input + "}}}"));

        Assert.Equal(Input, result.Plan!["s"].Input?.ToString());
        Assert.Equal(
            [("plan.steps.s.input.a", ConfigCodes.LiteralReference), ("plan.steps.s.input.deep.list[0]", ConfigCodes.LiteralReference)],
            result.Warnings.Select(w => (w.Path, w.Code)));
        Assert.Equal(
            "step 's': the agent gets '{{ b.text }}' as written, because 'input' is literal. For a value, write under 'with': " +
            "a: input.text, or a: { text: \"... {{ input.text }} ...\" }.",
            result.Warnings[0].Message);
    }

    [Fact]
    public void Read_MoreWarningsThanAreListed_AreCountedAndRefuseNothing()
    {
        var texts = string.Join(',', Enumerable.Repeat("\"${x}\"", ProblemList.Limit + 3));

        var result = PlanReader.ReadJson("p", Json.Parse("""{"steps": {"s": {"agent": "echo", "input": {"a": [""" + texts + "]}}}}"));

        Assert.NotNull(result.Plan);
        Assert.Equal("and 3 more warnings, which are not listed.", result.Warnings[^1].Message);
        Assert.Equal(ProblemList.Limit + 1, result.Warnings.Length);
    }

    private static Plan Good(string json)
    {
        var result = PlanReader.ReadJson("given", Json.Parse(json));
        Assert.Empty(result.Problems);
        return result.Plan!;
    }

    private static IEnumerable<string> Bad(string json)
    {
        var result = PlanReader.ReadJson("given", Json.Parse(json));
        Assert.Null(result.Plan);
        return result.Problems.Select(p => p.ToString());
    }
}
