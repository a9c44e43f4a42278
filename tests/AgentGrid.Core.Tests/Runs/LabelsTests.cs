using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>Whom or what a run is for.</summary>
public sealed class LabelsTests
{
    [Theory]
    [InlineData("a-1_.z", "x", null)]
    [InlineData("", "x", "'' is not the name of a label")]
    [InlineData("Team", "x", "'Team' is not the name of a label: expected 1 to 63 of a-z, 0-9, '_', '.' and '-'.")]
    [InlineData("te am", "x", "'te am' is not the name of a label")]
    [InlineData("team", "", "The label 'team' has 0 characters; expected 1 to 200.")]
    [InlineData("team", "a\nb", "The label 'team' has control characters")]
    public void Of_SaysWhatIsWrong(string name, string text, string? expected)
    {
        var labels = Labels.Of([KeyValuePair.Create(name, text)], out var problem);

        Assert.Equal(expected is null, labels is not null);
        Assert.Contains(expected ?? "", problem ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Of_AtTheBounds_IsTaken()
    {
        static (string, string)[] Many(int count) => [.. Enumerable.Range(0, count).Select(i => ($"l{i}", "x"))];
        Assert.Equal(16, Labels.Of(Many(16))!.All.Count);
        Assert.Contains("17 labels", Assert.Throws<ArgumentException>(() => Labels.Of(Many(17))).Message, StringComparison.Ordinal);
        Assert.NotNull(Labels.Of((new string('a', 63), new string('x', 200))));
        Assert.Throws<ArgumentException>(() => Labels.Of((new string('a', 64), "x")));
        Assert.Throws<ArgumentException>(() => Labels.Of(("a", new string('x', 201))));
        Assert.Throws<ArgumentException>(() => Labels.Of(("a", "x"), ("a", "y")));
        Assert.Throws<ArgumentException>(() => Labels.Of(("a", "\ud800")));
        Assert.Null(Labels.Of());
    }

    [Theory]
    [InlineData("team:blue", "team", "blue")]
    [InlineData("url:http://x", "url", "http://x")]
    [InlineData("team", null, "'team' is not a label: expected its name and its text, such as team:blue.")]
    [InlineData(":blue", null, "':blue' is not a label")]
    [InlineData("team:", null, "has 0 characters")]
    public void Parse_TakesTheFirstSeparator(string text, string? name, string rest)
    {
        var label = Labels.Parse(text, ':', out var problem);

        Assert.Equal(name, label?.Key);
        Assert.Contains(rest, name is null ? problem : label!.Value.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Matches_AllMustBeThere()
    {
        var scenario = new RunScenario("""{"steps":{"a":{"agent":"x"}}}""", new FakeRouting());
        var run = RunDetailsBuilder.Summarize(scenario.State);
        var labelled = run with { Labels = Labels.Of(("team", "blue"), ("env", "prod")) };

        static bool Matches(RunSummary run, params (string, string)[] labels) =>
            new RunQuery { Labels = Labels.Of(labels) }.Matches(run);
        Assert.True(Matches(run));
        Assert.True(Matches(labelled, ("team", "blue")));
        Assert.True(Matches(labelled, ("team", "blue"), ("env", "prod")));
        Assert.False(Matches(labelled, ("team", "blue"), ("env", "test")));
        Assert.False(Matches(labelled, ("blue", "team")));
        Assert.False(Matches(run, ("team", "blue")));
    }

    // The plan's are what is meant when nothing is said.
    [Fact]
    public void LabelsOf_TheRequestCountsBeforeThePlan()
    {
        var plan = PlanReader.ReadJson("p", Json.Parse("""{"labels":{"team":"blue","env":"prod"},"steps":{"a":{"agent":"x"}}}""")).Plan!;
        Assert.Equal("""{"labels":{"env":"prod","team":"blue"},"steps":{"a":{"agent":"x"}}}""", plan.Definition.ToString());
        var submit = new SubmitRun(new("m", "1"), Json.EmptyObject) { Labels = Labels.Of(("env", "test"), ("who", "me")) };

        Assert.Equal("env:test, team:blue, who:me", Submission.LabelsOf(submit, plan, out var problem)!.ToString());
        Assert.Null(problem);
        var many = submit with { Labels = Labels.Of(Enumerable.Range(0, 15).Select(i => ($"l{i}", "x"))) };
        Assert.Null(Submission.LabelsOf(many, plan, out problem));
        Assert.Equal(("labels", CommandCodes.BadLabels), (problem!.Path, problem.Code));
        Assert.Contains("17 labels, those of the plan included; expected at most 16", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"Team":"x"}""", "AG1120")]
    [InlineData("""{"team":7}""", "AG1004")]
    [InlineData("""["team"]""", "AG1004")]
    public void Read_OfAPlan_SaysWhatIsWrong(string labels, string code)
    {
        var result = PlanReader.ReadJson("p", Json.Parse($$$"""{"labels":{{{labels}}},"steps":{"a": {"agent":"x"} } }"""));

        Assert.Equal(code, Assert.Single(result.Problems).Code);
    }
}
