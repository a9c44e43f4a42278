using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Tests.Config;

namespace AgentGrid.Core.Tests.Plans;

public sealed class PlanWriterTests
{
    private static readonly ConfigFile s_quickStart = new("plans/p.yaml", """
        plans:
          p:
            timeout: 60m
            steps:
              validators: { needs: [motion], capability: [validation, scoring], mode: all, require: all, on_none: skip }
              motion:
                needs: [prompt, perception]
                capability: motion_generation
                mode: race
                candidates: 2
                hedge_after: 0s
                timeout: 20000ms
                input: { b: 0x10, a: [~, "1", yes, 1.5] }
              prompt: { needs: [perception], capability: nl_generation, mode: one }
              perception: { capability: perception, timeout: 15s, retry: {} }
            result: { score: 'validators["quality_scorer"].score' }
        """);

    [Fact]
    public void Write_Plan_LeavesDefaultsOutAndSortsStepsByTheirNeeds() => Assert.Equal(
        """
        {"result":{"score":"validators.quality_scorer.score"},"steps":{
        "perception":{"capability":"perception","timeout":"15s","retry":{}},
        "prompt":{"needs":["perception"],"capability":"nl_generation"},
        "motion":{"needs":["perception","prompt"],"capability":"motion_generation","mode":"race",
        "input":{"a":[null,"1","yes",1.5],"b":16},"timeout":"20s"},
        "validators":{"needs":["motion"],"capability":["validation","scoring"],"mode":"all","on_none":"skip"}}}
        """.ReplaceLineEndings(""),
        QuickStart().Definition.ToString());

    [Theory]
    [InlineData("""{"wait":{"signal":"paid","timeout":"1h","remind_after":"20m","on_timeout":"default","default":{"a":[1]},"by":["shop"]}}""")]
    [InlineData("""{"wait":{"signal":"paid"}}""")]
    [InlineData("""{"with":{"clip":"input.clip"},"approve":{"title":"{{ input.clip }}?","description":"Look.","form":{"type":"object","properties":{"z":{"type":"string","title":"Z","minLength":1,"enum":["p","q"],"default":"p"},"a":{"type":"number","maximum":0.5}},"required":["z"],"additionalProperties":false},"on_timeout":"skip"}}""")]
    public void Write_StepThatWaits_IsReadAsTheSame(string step)
    {
        var text = $$$"""{"steps":{"s":{{{step}}}}}""";

        var plan = PlanReader.ReadJson("p", Json.Parse(text));

        Assert.Empty(plan.Problems);
        Assert.Equal(text, plan.Plan!.Definition.ToString());
    }

    [Fact]
    public void Version_SamePlanFromYamlAndJson_IsOneHash()
    {
        var plan = QuickStart();
        var json = PlanReader.ReadJson("other_name", Json.Parse("""
            {"steps": {
              "perception": {"retry": {"max_attempts": 1}, "timeout": "15s", "capability": ["perception"],
                "optional": false},
              "prompt": {"capability": "nl_generation", "needs": ["perception"]},
              "motion": {"needs": ["perception", "prompt"], "capability": "motion_generation", "mode": "race",
                "input": {"a": [null, "1", "yes", 1.5], "b": 16}, "timeout": "20s"},
              "validators": {"mode": "all", "capability": ["validation", "scoring"], "needs": ["motion"],
                "on_none": "skip"}
            }, "result": {"score": "validators.quality_scorer.score"}}
            """)).Plan!;

        Assert.Equal(plan.Definition, json.Definition);
        Assert.Equal(plan.Version, json.Version);
    }

    // Fixed for ever: the version is recorded with every run.
    [Fact]
    public void Version_OfAKnownPlan_NeverChanges() => Assert.Equal(
        "8bbbbd31682b",
        PlanReader.ReadJson("p", Json.Parse("""{"steps":{"a":{"agent":"echo"}}}""")).Plan!.Version);

    [Fact]
    public void Version_AnyChange_ChangesIt()
    {
        string[] steps =
        [
            "'agent': 'x'", "'agent': 'y'", "'capability': 'x'", "'capability': ['x', 'y']",
            "'agent': 'x', 'retry': {}",
            "'agent': 'x', 'input': {}", "'agent': 'x', 'timeout': '1s'", "'agent': 'x', 'mode': 'all'",
            "'agent': 'x', 'mode': 'all', 'require': 1", "'agent': 'x', 'mode': 'all', 'require': 2",
            "'agent': 'x', 'mode': 'race'", "'agent': 'x', 'mode': 'race', 'candidates': 1",
            "'agent': 'x', 'mode': 'race', 'hedge_after': '1s'", "'agent': 'x', 'hedge': {'after': '1s'}", "'agent': 'x', 'hedge': {'after': 'p95'}",
            "'agent': 'x', 'hedge': {'after': 'p95', 'max': 2}", "'agent': 'x', 'hedge': {'after': 'p95', 'budget': '1%'}",
            "'agent': 'x', 'mode': 'each', 'for_each': 'input.a'",
            "'agent': 'x', 'mode': 'each', 'for_each': 'input.b'", "'agent': 'x', 'fallback': ['y']",
            "'agent': 'x', 'fallback': ['y', 'z']", "'agent': 'x', 'fallback': ['z', 'y']",
            "'agent': 'x', 'when': 'input.a'",
            "'agent': 'x', 'optional': true", "'agent': 'x', 'on_none': 'skip'",
            "'agent': 'x', 'retry': {'max_attempts': 2}", "'agent': 'x', 'retry': {'jitter': 0}",
            "'agent': 'x', 'retry': {'backoff': '1s'}", "'agent': 'x', 'retry': {'max_backoff': '1s'}",
            "'agent': 'x', 'retry': {'on': 'error'}", "'capability': 'x', 'route': {'prefer': {'a': 'input.a'}}",
            "'capability': 'x', 'route': {'prefer': {'b': 'input.a'}}", "'capability': 'x', 'route': {'prefer': {'a': {'text': 'input.a'}}}",
        ];

        var versions = steps.Select(s =>
            PlanReader.ReadJson("p", Json.Parse($"{{'steps': {{'a': {{{s}}}}}}}".Replace('\'', '"'))).Plan!.Version);

        Assert.Equal(steps.Length, versions.Distinct().Count());
    }

    [Fact]
    public void Write_AnyPlan_IsReadBackTheSameFromJsonAndFromYaml()
    {
        const int Seed = 7_301;
        var plans = new RandomPlans(Seed);
        for (var i = 0; i < 500; i++)
        {
            var json = plans.Next();
            var read = PlanReader.ReadJson("p", Json.Parse(json.ToJsonString()));
            Assert.True(read.Plan is not null, $"seed {Seed}, plan {i}: {string.Join("\n", read.Problems)}\n{json}");
            var plan = read.Plan;

            var again = PlanReader.ReadJson("p", plan.Definition).Plan!;
            Assert.Equal(plan.Definition, again.Definition);
            Assert.Equal(plan.Steps.Select(s => s.Id), again.Steps.Select(s => s.Id));

            var yaml = ToYaml(new JsonObject { ["plans"] = new JsonObject { ["p"] = json } });
            var problems = new ProblemList();
            var files = new PlanFilesReader(problems);
            files.Read(new ConfigFile("plans/p.yaml", yaml));
            Assert.True(
                problems.Count == 0, $"seed {Seed}, plan {i}: {string.Join("\n", problems.ToImmutable())}\n{yaml}");
            var fromYaml = files.AddTo(GridOfEveryAgent, checkCapabilities: false).Plans["p"];
            Assert.Equal(plan.Definition, fromYaml.Definition);
        }
    }

    private static GridConfig GridOfEveryAgent { get; } = new()
    {
        Agents = GridConfig.Empty.Agents.AddRange(((string[])["agent-a", "b", "f1", "f2", "f3"])
            .Select(n => KeyValuePair.Create(n, new AgentConfig { Name = n }))),
    };

    private static Plan QuickStart()
    {
        var result = ConfigReader.Read([s_quickStart], TestAgents.Catalog);
        Assert.Empty(result.Problems);
        return result.Config!.Plans["p"];
    }

    /// <summary>Block style, with quotes around texts only: every scalar's type is found out again.</summary>
    private static string ToYaml(JsonNode root)
    {
        var yaml = new StringBuilder();
        Append(root, "");
        return yaml.ToString();

        void Append(JsonNode? node, string indent)
        {
            switch (node)
            {
                case JsonObject { Count: > 0 } mapping:
                    foreach (var (key, value) in mapping)
                    {
                        var quoted = JsonValue.Create(key).ToJsonString();
                        yaml.Append(CultureInfo.InvariantCulture, $"\n{indent}{quoted}: ");
                        Append(value, indent + "  ");
                    }
                    break;
                case JsonArray { Count: > 0 } list:
                    foreach (var value in list)
                    {
                        yaml.Append(CultureInfo.InvariantCulture, $"\n{indent}- ");
                        Append(value, indent + "  ");
                    }
                    break;
                default:
                    yaml.Append(node?.ToJsonString() ?? "~");
                    break;
            }
        }
    }
}
