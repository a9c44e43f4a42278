using AgentGrid.Core.Agents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>Steps that wait for all of their branches, and hand on what these came to.</summary>
public sealed class SettledTests
{
    [Fact]
    public void Decide_Settled_HandsOnWhatAllCameTo()
    {
        var run = Each("", items: 3);
        run.Fails("a", 2).Succeeds("a", 1, "1");
        Assert.Equal(StepStatus.Running, run.State["a"].Status);

        run.Succeeds("a", 3, "3").Then("best:succeeded", "a:done", "completed");

        var error = run.State["a"].Attempts[1].Error!;
        Assert.Equal(
            $$$"""[1,{"failed":{"agent":"best","code":"{{{error.Code}}}","message":"{{{error.Message}}}"}},3]""",
            run.State["a"].Output!.ToString());
    }

    [Fact]
    public void Decide_SettledAndAllFail_CompletesWithTheReasons()
    {
        var run = Each("", items: 2);
        run.Fails("a", 1).Fails("a", 2);

        Assert.Equal(RunStatus.Completed, run.State.Status);
        Assert.All(run.State["a"].Output!.Element.EnumerateArray(), o => Assert.Equal("best", o.GetProperty("failed").GetProperty("agent").GetString()));
    }

    [Theory]
    [InlineData("1", 4, 2)]
    [InlineData("0", 4, 1)]
    [InlineData("\"50%\"", 4, 3)]
    [InlineData("\"30%\"", 4, 2)]
    [InlineData("\"24.9%\"", 4, 1)]
    public void Decide_SettledWithTooManyFailures_FailsAsSoonAsThatIsSo(string most, int items, int failures)
    {
        var run = Each($",\"max_failures\":{most}", items);
        for (var i = 1; i < failures; i++)
        {
            run.Fails("a", i);
            Assert.Equal(StepStatus.Running, run.State["a"].Status);
        }
        run.Fails("a", failures);

        Assert.Equal(RunStatus.Failed, run.State.Status);
        Assert.Contains(
            $"{failures} of {items} have failed, and at most {failures - 1} may (max_failures)", run.State.Error!.Message,
            StringComparison.Ordinal);
        Assert.Equal(AttemptStatus.Cancelled, run.State["a"].Attempts[^1].Status);
    }

    [Fact]
    public void Decide_SettledInModeAll_HasAgentsByName()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"capability":"work","mode":"all","require":"settled"}}}""", RunMachineTests.TwoAgents()).Started();
        run.Fails("a", 1).Succeeds("a", 2, "2");

        var output = run.State["a"].Output!.Element;
        Assert.Equal(2, output.GetProperty("other").GetInt32());
        Assert.Equal("best", output.GetProperty("best").GetProperty("failed").GetProperty("agent").GetString());
    }

    [Fact]
    public void Decide_SettledWithoutItems_CompletesAtOnce() => Assert.Equal(RunStatus.Completed, Each("", items: 0).State.Status);

    [Fact]
    public void Decide_SettledAndRetried_TriesBeforeItGivesUp()
    {
        var run = Each(""","retry":{"max_attempts":2,"backoff":"0s"}""", items: 1);
        run.Fails("a", 1);
        Assert.Equal(StepStatus.Running, run.State["a"].Status);
        run.After(TimeSpan.FromSeconds(1)).Succeeds("a", 2, "2");

        Assert.Equal("[2]", run.State["a"].Output!.ToString());
    }

    private static RunScenario Each(string more, int items) => new RunScenario(
        """{"steps":{"a":{"agent":"best","mode":"each","for_each":"input.items","require":"settled"MORE}}}""".Replace(
            "MORE", more, StringComparison.Ordinal),
        RunMachineTests.TwoAgents(), $$"""{"items":[{{string.Join(',', Enumerable.Range(0, items))}}]}""").Started();
}
