using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>Who is asked where an agent is drained, fails, would be late, or is gone.</summary>
public sealed class UnfitAgentsTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Decide_AgentIsDrained_ItsFallbackIsAsked()
    {
        var agents = RunMachineTests.TwoAgents();
        agents.Drained.Add("best");
        var run = new RunScenario("""{"steps":{"a":{"agent":"best","fallback":["other"]}}}""", agents);

        run.Started().Then("orchestration:started", "other:start");

        Assert.Equal("fallback, as 'best' is drained", run.State["a"].Attempts[0].Decision!.Why);
        run.Succeeds("a").Then("other:succeeded", "a:done", "completed");
    }

    [Fact]
    public void Decide_AgentIsDrainedWhileAnAttemptWaits_ItsFallbackIsAsked()
    {
        var agents = new FakeRouting().With("best", "work", slots: 1).With("other", "work");
        agents.InUse["best"] = 1;
        var run = new RunScenario("""{"steps":{"a":{"agent":"best","fallback":["other"]}}}""", agents).Started();
        run.Then("orchestration:started", "best:queued");
        run.When(new RunInput.PassOnAttempt("a", 1)).Then();

        agents.Drained.Add("best");

        run.When(new RunInput.PassOnAttempt("a", 1)).Then("best:cancelled", "other:start");
        Assert.Equal("asked in place of 'best', which is drained", run.State["a"].Attempts[1].Decision!.Why);
        // It was never asked, so it is there for when the other fails.
        run.Fails("a", attempt: 2).Then("other:error", "a:failed", "error");
        Assert.Equal(1, run.State["a"].Attempts[1].Try);
    }

    [Fact]
    public void Decide_AgentIsDrainedWhileAnAttemptWaitsAndNobodyElseIsThere_GoesOnWaiting()
    {
        var agents = new FakeRouting().With("best", "work", slots: 1).With("other", "work");
        agents.InUse["best"] = 1;
        agents.Drained.UnionWith(["best", "other"]);
        var run = new RunScenario("""{"steps":{"a":{"agent":"best","fallback":["other"]}}}""", agents).Started();

        run.When(new RunInput.PassOnAttempt("a", 1)).Then();

        Assert.Contains("nobody else can be asked", run.Ignored, StringComparison.Ordinal);
        run.When(new RunInput.GrantSlot("a", 1, FakeRouting.Node)).Then("best:start");
        run.When(new RunInput.PassOnAttempt("a", 1)).Then();
    }

    [Fact]
    public void Decide_AgentOfARaceIsDrainedWhileItWaits_ItsBackupBeginsAtOnce()
    {
        var agents = new FakeRouting().With("best", "work", slots: 1, priority: 5).With("other", "work", slots: 1);
        (agents.InUse["best"], agents.InUse["other"]) = (1, 1);
        var run = new RunScenario(
            """{"steps":{"a":{"capability":"work","mode":"race","candidates":2,"hedge_after":"1m"}}}""", agents);
        run.Started().Then("orchestration:started", "a:speculative_start", "best:queued");
        agents.InUse["other"] = 0;

        agents.Drained.Add("best");

        run.When(new RunInput.PassOnAttempt("a", 1)).Then("other:start");
        run.Succeeds("a", attempt: 2).Then("other:succeeded", "best:cancelled", "a:done", "completed");
    }

    [Fact]
    public void Decide_AgentIsDrainedAndSoIsItsFallback_Waits()
    {
        var agents = RunMachineTests.TwoAgents();
        agents.Drained.UnionWith(["best", "other"]);

        new RunScenario("""{"steps":{"a":{"agent":"best","fallback":["other"]}}}""", agents)
            .Started().Then("orchestration:started", "best:queued");
    }

    [Fact]
    public void Decide_AgentFails_ItsFallbackIsAskedAndItselfAfterThat()
    {
        var agents = RunMachineTests.TwoAgents();
        agents.Failing.Add("best");
        var run = new RunScenario("""{"steps":{"a":{"agent":"best","fallback":["other"]}}}""", agents);

        run.Started().Then("orchestration:started", "other:start");

        Assert.Equal("fallback, as 'best' is failing: 5 in a row, next try in 12 s", run.State["a"].Attempts[0].Decision!.Why);
    }

    [Fact]
    public void Decide_AgentFailsAndItsFallbackTooOrIsDrained_IsAskedAllTheSame()
    {
        var agents = RunMachineTests.TwoAgents();
        agents.Failing.UnionWith(["best", "other"]);
        new RunScenario("""{"steps":{"a":{"agent":"best","fallback":["other"]}}}""", agents).Started().Then("orchestration:started", "best:start");

        agents.Drained.Add("other");
        new RunScenario("""{"steps":{"a":{"agent":"best","fallback":["other"]}}}""", agents).Started().Then("orchestration:started", "best:start");

        agents.Drained.Clear();
        agents.Drained.Add("best");
        new RunScenario("""{"steps":{"a":{"agent":"best","fallback":["other"]}}}""", agents).Started().Then("orchestration:started", "other:start");
    }

    [Theory]
    [InlineData("5s", "1h", "other", "p99 8 s is over the 5 s that are left")] // what the run has
    [InlineData("1h", "6s", "other", "p99 8 s is over the 6 s that are left")] // what the step has
    [InlineData("1h", "9s", "best", null)]
    public void Decide_BestWouldBeLate_WhoeverMakesItIsAskedAndTheDecisionSaysWhy(string run, string step, string asked, string? late)
    {
        var agents = RunMachineTests.TwoAgents();
        agents.P99["best"] = TimeSpan.FromSeconds(8);
        var plan = """{"timeout":"RUN","steps":{"a":{"capability":"work","timeout":"STEP"}}}"""
            .Replace("RUN", run, StringComparison.Ordinal).Replace("STEP", step, StringComparison.Ordinal);

        var decision = new RunScenario(plan, agents).Started().State["a"].Attempts[0].Decision!;

        Assert.Equal(asked, decision.Agent);
        Assert.Equal(late, decision.Candidates.Single(static c => c.Agent == "best").Late);
    }

    [Fact]
    public void Decide_AgentFailsBeforeItsRetry_TheOtherIsAsked()
    {
        var agents = new FakeRouting()
            .With("best", "work", priority: 5, retry: new RetryPolicy { MaxAttempts = 3, Jitter = 0 }).With("other", "work");
        var run = new RunScenario("""{"steps":{"a":{"capability":"work"}}}""", agents).Started().Fails("a");
        agents.Failing.Add("best");

        run.After(TimeSpan.FromSeconds(1)).Then("other:start");
    }

    [Fact]
    public void Decide_FallbacksAfterAFailure_ThoseThatFailComeLast()
    {
        var agents = RunMachineTests.TwoAgents().With("third", "work");
        agents.Failing.Add("other");
        var run = new RunScenario("""{"steps":{"a":{"agent":"best","fallback":["other","third"]}}}""", agents).Started().Fails("a");

        Assert.Equal("third", run.State["a"].Attempts[1].Agent);
        run.Fails("a", attempt: 2);
        Assert.Equal("other", run.State["a"].Attempts[2].Agent);
    }

    [Fact]
    public void Decide_OneFails_ARaceGoesWithoutItAndAllAreAskedAllTheSame()
    {
        var agents = RunMachineTests.TwoAgents();
        agents.Failing.Add("best");

        new RunScenario("""{"steps":{"a":{"capability":"work","mode":"race","candidates":2}}}""", agents)
            .Started().Then("orchestration:started", "a:speculative_start", "other:start");
        Assert.Equal(2, new RunScenario("""{"steps":{"a":{"capability":"work","mode":"all"}}}""", agents)
            .Started().State["a"].Attempts.Count);
    }

    [Fact]
    public void Decide_OneOfAllIsDrained_TheOthersAreAsked()
    {
        var agents = RunMachineTests.TwoAgents();
        agents.Drained.Add("best");

        new RunScenario("""{"steps":{"a":{"capability":"work","mode":"all"}}}""", agents)
            .Started().Then("orchestration:started", "a:fan_out", "other:start");
    }

    [Fact]
    public void Decide_AgentIsDrainedBeforeItsRetry_TheFallbackIsAsked()
    {
        var agents = new FakeRouting()
            .With("best", "work", retry: new RetryPolicy { MaxAttempts = 3, Jitter = 0 }).With("other", "work");
        var run = new RunScenario("""{"steps":{"a":{"agent":"best","fallback":["other"]}}}""", agents).Started().Fails("a");
        agents.Drained.Add("best");

        run.After(TimeSpan.FromSeconds(10)).Then("other:start");
    }

    [Fact]
    public void Decide_AgentRemovedWhileARetryWaits_FailsWithAReason()
    {
        var retry = new RetryPolicy { MaxAttempts = 3, Backoff = Second, Jitter = 0 };
        var run = new RunScenario("""{"steps":{"a":{"agent":"best"}}}""", RunMachineTests.TwoAgents(retry)).Started();
        run.Fails("a");
        run.Routing.Agents.Remove("best");

        run.After(Second).Then("a:failed", "error");
        Assert.Equal(ErrorCodes.NoAgent, run.State.Error!.Code);
    }
}
