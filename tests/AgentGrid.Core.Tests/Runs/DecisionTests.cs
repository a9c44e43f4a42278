using AgentGrid.Core.Runs;
using static AgentGrid.Core.Tests.Runs.RunMachineTests;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>How a step goes on, or ends, when some of its attempts fail. Every engine does what the machine decides.</summary>
public sealed class DecisionTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Decide_OneItemFails_IsTriedAgainAloneAndFailsTheStepAfterThat()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"agent":"best","mode":"each","for_each":"input.list","retry":{"max_attempts":2,"backoff":"1s","jitter":0}}}}""",
            TwoAgents(), """{"list":[1,2,3]}""").Started();

        run.Fails("a", 2).Then("best:error");
        run.After(s_second).Then("best:start");
        Assert.Equal(1, run.State["a"].Attempts[^1].Branch);
        run.Fails("a", 4).Then("best:error", "best:cancelled", "best:cancelled", "a:failed", "error");
        Assert.Contains("it broke", run.State.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decide_StepFails_OthersAreCancelledAndWhatNeedsItNeverStarts()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"agent":"best"},"b":{"agent":"other"},"c":{"needs":["a"],"agent":"other"}}}""", TwoAgents()).Started();

        run.Fails("a").Then("best:error", "a:failed", "other:cancelled", "error");
        Assert.Empty(run.State["c"].Attempts);
    }

    [Fact]
    public void Decide_Diamond_JoinsAfterBothSidesThatRunAtOnce()
    {
        var run = new RunScenario(
            """{"result":{"answer":"join.deep[1].x"},"steps":{"left":{"agent":"best"},"right":{"agent":"other"},"join":{"needs":["left","right"],"agent":"best"}}}""",
            TwoAgents());

        run.Started().Then("orchestration:started", "best:start", "other:start");
        run.Succeeds("right").Then("other:succeeded", "right:done");
        run.Succeeds("left").Then("best:succeeded", "left:done", "best:start");
        run.Succeeds("join", output: """{"deep":[{"x":41},{"x":42}]}""").Then("best:succeeded", "join:done", "completed");
        Assert.Equal("""{"answer":42}""", run.State.Result!.ToString());
    }

    [Fact]
    public void Decide_SeveralCapabilities_AsksWhoeverHasOneOfThem()
    {
        var agents = TwoAgents().With("judge", "scoring");

        new RunScenario("""{"steps":{"a":{"capability":["work","scoring"],"mode":"all"}}}""", agents)
            .Started().Then("orchestration:started", "a:fan_out", "best:start", "judge:start", "other:start");
    }

    [Fact]
    public void Decide_RaceOfMoreThanThereAre_AsksThoseAndFailsWithThem()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"capability":"work","mode":"race","candidates":9,"hedge_after":"0s"}}}""", TwoAgents()).Started();

        run.Then("orchestration:started", "a:speculative_start", "best:start", "other:start");
        run.Fails("a", 1).Then("best:error");
        run.Fails("a", 2).Then("other:error", "a:failed", "error");
    }

    [Fact]
    public void Decide_NoFallbackIsNamed_TheOthersOfTheCapabilityAreAskedAndTheLastWordCounts()
    {
        var run = new RunScenario("""{"steps":{"a":{"capability":"work"}}}""", TwoAgents()).Started();

        run.Fails("a").Then("best:error", "other:start");
        run.Fails("a", 2, "the_last").Then("other:error", "a:failed", "error");
        Assert.Equal("the_last", run.State["a"].Error!.Code);
    }

    [Fact]
    public void Decide_OutOfTimeWhileARetryWaits_Fails()
    {
        var run = new RunScenario(
            """{"timeout":"5s","steps":{"a":{"agent":"best","retry":{"max_attempts":9,"backoff":"10m","max_backoff":"10m"}}}}""",
            TwoAgents()).Started();

        run.Fails("a").Then("best:error");
        run.After(5 * s_second).Then("error");
        Assert.Equal(ErrorCodes.RunTimeout, run.State.Error!.Code);
        Assert.Single(run.State["a"].Attempts);
    }
}
