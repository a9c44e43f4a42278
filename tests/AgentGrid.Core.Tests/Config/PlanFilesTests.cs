using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Tests.Config;

public sealed class PlanFilesTests
{
    private const string One = "plans: { one: { steps: { a: { agent: echo } } } }";
    private const string Two = "plans: { two: { steps: { a: { agent: echo } } } }";

    [Fact]
    public void Read_RepositoryFiles_AreWithoutProblems()
    {
        var config = Repository.PathOf("config");
        var files = Directory.GetFiles(config, "*.yaml", SearchOption.AllDirectories)
            .Select(f => new ConfigFile(Path.GetRelativePath(config, f).Replace('\\', '/'), File.ReadAllText(f)))
            .ToArray();

        var result = ConfigReader.Read(files, TestAgents.Catalog);

        Assert.Empty(result.Problems);
        Assert.Equal("tactical_motion", result.Config!.DefaultPlan);
        var plan = result.Config.Plans["tactical_motion"];
        Assert.Equal(["perception", "prompt", "motion", "validators"], plan.Steps.Select(s => s.Id));
        Assert.Equal(4096L * 1024 * 1024, result.Config.Agents["motion_generator"].Resources.GpuMemoryBytes);
        Assert.Equal(8, result.Config.Queues["gpu"].Slots);
    }

    [Fact]
    public void Read_OnePlanAndNoDefault_ThatPlanIsTheDefault() =>
        Assert.Equal("one", Good(("plans/one.yaml", One)).DefaultPlan);

    [Fact]
    public void Read_TwoPlansAndNoDefault_ThereIsNone() =>
        Assert.Null(Good(("plans/one.yaml", One), ("plans/two.yaml", Two)).DefaultPlan);

    [Fact]
    public void Read_DefaultInAnotherFile_IsFoundInAnyOrderOfFiles()
    {
        (string, string)[] files = [("plans/a.yaml", "default: two"), ("plans/b.yaml", One), ("plans/c.yaml", Two)];

        Assert.Equal("two", Good(files).DefaultPlan);
        Assert.Equal("two", Good([.. files.Reverse()]).DefaultPlan);
    }

    [Fact]
    public void Read_PlansThatCallEachOther_NamesTheCircle() => Assert.Equal(
        "plans/b.yaml(1,35): AG1119: the plans call each other in a circle, so their runs would never end: a -> b -> a. " +
        "Remove one of these calls.",
        Assert.Single(Bad(
            ("plans/a.yaml", "plans: { a: { steps: { s: { plan: b }, t: { plan: b } } } }"),
            ("plans/b.yaml", "plans: { b: { steps: { s: { plan: a } } } }"))));

    [Fact]
    public void Read_CallThatTheOtherPlanRefuses_IsWarnedOf()
    {
        var result = ConfigReader.Read(
            [
                new ConfigFile("plans/a.yaml", "plans: { a: { steps: { s: { plan: b, with: { txt: input.x } }, t: { plan: b } } } }"),
                new ConfigFile("plans/b.yaml", """
                    plans:
                      b:
                        input_schema: { required: [text], properties: { text: { type: string } }, additionalProperties: false }
                        steps: { u: { agent: echo } }
                    """),
            ],
            TestAgents.Catalog);

        Assert.Equal(
            [
                "plans/a.yaml(1,51): AG1028: step 's': plan 'b' has no 'txt' in its input, did you mean 'text'?",
                "plans/a.yaml(1,44): AG1028: step 's': plan 'b' needs 'text' in its input, but 'with' gives: txt. Add it there.",
            ],
            result.Warnings.Select(static w => w.ToString()).OrderDescending());
    }

    [Fact]
    public void Read_PlanThatCallsItself_IsACircle() => Assert.Contains(
        "a -> a", Assert.Single(Bad(("plans/a.yaml", "plans: { a: { steps: { s: { plan: a } } } }"))), StringComparison.Ordinal);

    [Theory]
    [InlineData(9, false)]
    [InlineData(10, true)]
    [InlineData(14, true)]
    public void Read_PlansThatCallEachOtherTooDeep_NamesTheWayOnce(int plans, bool isTooDeep)
    {
        var files = Enumerable.Range(1, plans)
            .Select(i => ($"plans/{i:00}.yaml", i == plans
                ? $"plans: {{ p{i}: {{ steps: {{ s: {{ agent: echo }} }} }} }}"
                : $"plans: {{ p{i}: {{ steps: {{ s: {{ plan: p{i + 1} }} }} }} }}")).ToArray();

        var problems = isTooDeep ? Bad(files) : [];

        if (!isTooDeep)
        {
            Good(files);
            return;
        }
        Assert.Equal(
            $"plans/{plans - 9:00}.yaml(1,{34 + $"p{plans - 9}".Length}): AG1121: the plans call each other more than 8 levels deep, so the last run would be refused: "
            + $"{string.Join(" -> ", Enumerable.Range(plans - 9, 10).Select(i => $"p{i}"))}. Use fewer levels.",
            Assert.Single(problems));
    }

    [Fact]
    public void Read_UnknownPlanOfAStep_SuggestsTheNearest() => Assert.EndsWith(
        "AG1115: step 's': unknown plan 'onee', did you mean 'one'?",
        Assert.Single(Bad(("plans/one.yaml", One), ("plans/b.yaml", "plans: { b: { steps: { s: { plan: onee } } } }"))), StringComparison.Ordinal);

    [Fact]
    public void Read_TwoDefaults_NamesBothPlaces()
    {
        var problem = Assert.Single(Bad(
            ("plans/b.yaml", $"{Two}\ndefault: two"), ("plans/a.yaml", $"default: one\n{One}")));

        Assert.Equal(
            "plans/b.yaml(2,10): AG1114: 'default: two', but plans/a.yaml(1,10) already says 'default: one': keep one.",
            problem);
    }

    [Fact]
    public void Read_UnknownDefault_SuggestsTheNearest() => Assert.Equal(
        "plans/one.yaml(2,10): AG1115: unknown plan 'onee', did you mean 'one'?",
        Assert.Single(Bad(("plans/one.yaml", $"{One}\ndefault: onee"))));

    [Fact]
    public void Read_DefaultThatHasProblemsOfItsOwn_IsNotUnknown() => Assert.Equal(
        "plans/one.yaml(1,24): AG1101: the plan 'one' has no steps: give it at least one under 'steps'.",
        Assert.Single(Bad(("plans/one.yaml", "plans: { one: { steps: {} } }\ndefault: one"))));

    [Fact]
    public void Read_SamePlanInTwoFiles_NamesBothPlaces() => Assert.Equal(
        "plans/b.yaml(1,10): AG1113: the plan 'one' is already at plans/a.yaml(1,10): rename one of them.",
        Assert.Single(Bad(("plans/b.yaml", One), ("plans/a.yaml", One))));

    [Fact]
    public void Read_UnknownAgents_AreReportedWhereTheyAreNamed() => Assert.Equal(
        [
            "plans/p.yaml(4,19): AG1011: step 'a': unknown agent 'ecko', did you mean 'echo'?",
            "plans/p.yaml(5,29): AG1011: step 'a': unknown agent 'motion_bakup', did you mean 'motion_backup'?",
        ],
        Bad(("plans/p.yaml", """
            plans:
              p:
                steps:
                  a: { agent: ecko,
                       fallback: [echo, motion_bakup] }
            """)));

    [Fact]
    public void Read_UnknownAgentAndCycle_AreReportedTogether()
    {
        var problems = Bad(("plans/p.yaml", """
            plans:
              p:
                steps:
                  a: { needs: [b], agent: ecko }
                  b: { needs: [a], agent: echo }
            """));

        Assert.Collection(
            problems,
            p => Assert.StartsWith("plans/p.yaml(4,20): AG1104", p, StringComparison.Ordinal),
            p => Assert.StartsWith("plans/p.yaml(4,31): AG1011", p, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_UnknownCapability_IsAProblemUnlessTheStepCanDoWithout()
    {
        var problem = Assert.Single(Bad(("plans/p.yaml", """
            plans:
              p:
                steps:
                  needed: { capability: [scoring, scorin] }
                  skipped: { capability: nowhere, on_none: skip }
                  optional: { capability: nowhere, optional: true }
            """)));

        Assert.Equal(
            "plans/p.yaml(4,39): AG1112: step 'needed': no agent offers 'scorin', did you mean 'scoring'?", problem);
    }

    [Fact]
    public void Read_DisabledAgent_CountsAsKnown() => Good(
        ("agents.yaml", "agents: { echo: { enabled: false }, quality_scorer: { enabled: false } }"),
        ("plans/p.yaml", "plans: { p: { steps: { a: { agent: echo }, b: { capability: scoring } } } }"));

    [Fact]
    public void Read_BrokenAgentsFile_DoesNotMakeCapabilitiesUnknown() => Assert.StartsWith(
        "agents.yaml(1,9): AG1001",
        Assert.Single(Bad(
            ("agents.yaml", "agents: @"),
            ("plans/p.yaml", "plans: { p: { steps: { a: { capability: from_yaml } } } }"))),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("agents.yml")]
    [InlineData("agent.yaml")]
    [InlineData("plans/p.yml")]
    public void Read_YamlThatNobodyReads_IsAProblem(string name) =>
        Assert.StartsWith($"{name}(1,1): AG1017", Assert.Single(Bad((name, One))), StringComparison.Ordinal);

    [Fact]
    public void Read_OtherFiles_AreLeftAlone() => Good(
        ("plans/README.md", "- [not yaml"), ("plans/empty.yaml", "# none yet"));

    private static GridConfig Good(params (string Name, string Text)[] files)
    {
        var result = Read(files);
        Assert.Empty(result.Problems);
        return result.Config!;
    }

    private static IEnumerable<string> Bad(params (string Name, string Text)[] files)
    {
        var result = Read(files);
        Assert.Null(result.Config);
        return result.Problems.Select(p => p.ToString());
    }

    private static ConfigResult Read((string Name, string Text)[] files) =>
        ConfigReader.Read([.. files.Select(f => new ConfigFile(f.Name, f.Text))], TestAgents.Catalog);
}
