using AgentGrid.Core.Agents;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>Backups that are asked because an attempt takes long, as the run machine decides about them.</summary>
public sealed class HedgeTests
{
    private const string OfTwo = """{"steps":{"a":{"capability":"work","hedge":{"after":"3s"}}}}""";
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Decide_SlowAttempt_QueuesABackupThatSaysWhy()
    {
        var run = Started(OfTwo);

        run.Then("orchestration:started", "a:speculative_start", "best:start");
        run.After(2.9 * Second).Then();
        run.After(0.1 * Second).Then("other:queued");
        run.When(new RunInput.GrantSlot("a", 2, "n2")).Then("other:start");
        run.Succeeds("a", 2).Then("other:succeeded", "best:cancelled", "a:done", "completed");

        var attempts = RunDetailsBuilder.Build(run.State).Steps[0].Attempts;
        Assert.Equal(new HedgeDue(RunScenario.Start + (3 * Second), "'after' of the plan"), attempts[0].Hedge);
        Assert.Equal((false, true), (attempts[0].IsHedge, attempts[1].IsHedge));
        Assert.Equal("backup 1 of 1: 'best' has not answered within 3 s ('after' of the plan)", attempts[1].Decision!.Why);
        Assert.Null(attempts[1].Hedge);
    }

    [Fact]
    public void Decide_TheFirstAnswersInTime_NobodyElseIsAsked()
    {
        var run = Started(OfTwo);

        run.Succeeds("a").Then("best:succeeded", "a:done", "completed");
        run.After(3 * Second).Then();
    }

    // Waiting for a slot is nobody's slowness: backups would make the queue longer.
    [Fact]
    public void Decide_TheFirstWaitsForItsSlot_TheTimeCountsFromItsStart()
    {
        var routing = Agents();
        routing.Agents["best"] = routing.Agents["best"] with { MaxConcurrency = 1 };
        routing.Agents["other"] = routing.Agents["other"] with { MaxConcurrency = 1 };
        (routing.InUse["best"], routing.InUse["other"]) = (1, 1);
        var run = new RunScenario(OfTwo, routing).Started();

        run.Then("orchestration:started", "a:speculative_start", "best:queued");
        run.After(10 * Second).Then();
        run.When(new RunInput.GrantSlot("a", 1, "n1")).Then("best:start");
        run.After(2.9 * Second).Then();
        run.After(0.1 * Second).Then("other:queued");
    }

    [Fact]
    public void Decide_TheDelayIsAskedOutside_AndIsInTheEvent()
    {
        var asked = new List<(string, string)>();
        var routing = Agents();
        routing.Delay = (agent, node) =>
        {
            asked.Add((agent, node));
            return new HedgeDelay(0.812 * Second, "p95 of 240 attempts");
        };
        var run = new RunScenario("""{"steps":{"a":{"capability":"work","hedge":{"after":"p95"}}}}""", routing).Started();

        Assert.Equal([("best", FakeRouting.Node)], asked);
        run.After(0.812 * Second).Then("other:queued");
        Assert.Equal(
            "backup 1 of 1: 'best' has not answered within 0.812 s (p95 of 240 attempts)", run.State["a"].Attempts[1].Decision!.Why);

        // A replay asks nobody, and knows the same.
        var replayed = run.Events.Aggregate(new RunState(run.State.Plan), RunMachine.Evolve);
        Assert.Equal(run.Dump(), RunScenario.Dump(replayed));
        Assert.Single(asked);
    }

    [Fact]
    public void Decide_ColdStart_AsksNoBackupAndSaysSo()
    {
        var routing = Agents();
        routing.Delay = (_, _) => HedgeDelay.ColdStart;
        var run = new RunScenario(OfTwo, routing).Started();

        run.After(9 * Second).Then();
        Assert.Equal(new HedgeDue(null, "no backup is asked: the agent starts cold"), run.State["a"].Attempts[0].Hedge);
    }

    [Fact]
    public void Decide_BudgetIsUsedUp_TheBackupNeverStartsAndTheFirstGoesOn()
    {
        var run = Started(OfTwo).After(3 * Second);

        run.When(new RunInput.RefuseHedge("a", 2, "the budget is used up")).Then("other:cancelled");
        run.After(5 * Second).Then();
        run.When(new RunInput.GrantSlot("a", 2, "n2")).Then();
        run.Succeeds("a").Then("best:succeeded", "a:done", "completed");

        var refused = RunDetailsBuilder.Build(run.State).Steps[0].Attempts[1];
        Assert.Equal((true, true, AttemptStatus.Cancelled), (refused.IsHedge, refused.IsRefusedHedge, refused.Status));
        Assert.Equal("the budget is used up", refused.CancelReason);
    }

    [Fact]
    public void Decide_TheFirstFailsAfterARefusal_TheBackupTakesItsPlaceWithoutABudget()
    {
        var run = Started(OfTwo).After(3 * Second).When(new RunInput.RefuseHedge("a", 2, "used up"));

        run.Fails("a").Then("best:error", "other:start");
        Assert.False(run.State["a"].Attempts[2].IsHedge);
        run.Fails("a", 3).Then("other:error", "a:failed", "error");
    }

    [Fact]
    public void Decide_TheFirstFailsWhileItsBackupWaits_ARefusalMakesItTheReplacement()
    {
        var run = Started(OfTwo).After(3 * Second);

        run.Fails("a").Then("best:error");
        run.When(new RunInput.RefuseHedge("a", 2, "used up")).Then("other:cancelled", "other:start");
        run.Succeeds("a", 3).Then("other:succeeded", "a:done", "completed");
    }

    [Fact]
    public void Decide_TheFirstFailsInTime_TheBackupTakesItsPlace()
    {
        var run = Started(OfTwo);

        run.Fails("a").Then("best:error", "other:start");
        Assert.False(run.State["a"].Attempts[1].IsHedge);
        // There is nobody else who could be its backup.
        Assert.Null(run.State["a"].Attempts[1].Hedge);
    }

    [Fact]
    public void Decide_BothFail_OthersThatMatchAreAskedAsInModeOne()
    {
        var run = new RunScenario(OfTwo, Agents().With("third", "work", priority: -1)).Started();

        run.Fails("a").Then("best:error", "other:start");
        run.Fails("a", 2).Then("other:error", "third:start");
        run.Fails("a", 3).Then("third:error", "a:failed", "error");
        Assert.Equal("Step 'a' of run 'm/1' needs 1 of 2 to succeed; 2 failed, the last one: it broke", run.State.Error!.Message);
    }

    [Fact]
    public void Decide_OneAgent_IsItsOwnBackupButNotItsOwnFallback()
    {
        var run = new RunScenario("""{"steps":{"a":{"agent":"best","hedge":{"after":"3s"}}}}""", Agents()).Started();

        run.After(3 * Second).Then("best:queued");
        run.When(new RunInput.GrantSlot("a", 2, "n2")).Then("best:start");
        run.Fails("a").Then("best:error");
        run.Succeeds("a", 2).Then("best:succeeded", "a:done", "completed");

        var failing = new RunScenario("""{"steps":{"a":{"agent":"best","hedge":{"after":"3s"}}}}""", Agents()).Started();
        failing.Fails("a").Then("best:error", "a:failed", "error");
        Assert.Equal("it broke", failing.State.Error!.Message);
    }

    [Fact]
    public void Decide_MoreBackups_EachWaitsForTheOneBefore()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"capability":"work","hedge":{"after":"1s","max":2}}}}""", Agents().With("third", "work", priority: -1)).Started();

        run.After(Second).Then("other:queued");
        run.After(Second).Then();
        run.When(new RunInput.GrantSlot("a", 2, "n2")).Then("other:start");
        run.After(Second).Then("third:queued");
        run.When(new RunInput.GrantSlot("a", 3, "n3")).Then("third:start");
        run.After(Second).Then();
    }

    [Fact]
    public void Decide_RetryOfTheFirst_BeginsToCountAnew()
    {
        var retry = new RetryPolicy { MaxAttempts = 2, Backoff = 2 * Second, Jitter = 0 };
        var run = new RunScenario(OfTwo, Agents(retry)).Started();

        run.After(2 * Second).Fails("a").Then("best:error");
        run.After(2 * Second).Then("best:start");
        run.After(2.9 * Second).Then();
        run.After(0.1 * Second).Then("other:queued");
    }

    [Fact]
    public void Decide_TheNodeOfTheFirstIsLost_ItsTimeCountsFromItsNextStart()
    {
        var routing = Agents();
        var run = new RunScenario(OfTwo, routing).Started();
        routing.Agents["best"] = routing.Agents["best"] with { MaxConcurrency = 1 };

        run.After(Second).When(new RunInput.LoseAttempt("a", 1, "it is gone")).Then("best:lost", "best:queued");
        run.After(5 * Second).Then();
        run.When(new RunInput.GrantSlot("a", 1, "n2")).Then("best:start");
        run.After(3 * Second).Then("other:queued");
    }

    [Fact]
    public void Decide_RunIsRetried_BackupsBeginAnew()
    {
        var run = Started(OfTwo).After(3 * Second).When(new RunInput.GrantSlot("a", 2, "n2"));
        run.Fails("a").Fails("a", 2).Then("other:error", "a:failed", "error");

        run.When(new RunInput.RetryRun(null)).When(RunInput.StartRun.Instance).Then("orchestration:started", "a:speculative_start", "best:start");
        run.After(3 * Second).Then("other:queued");
    }

    private static RunScenario Started(string plan) => new RunScenario(plan, Agents()).Started();

    private static FakeRouting Agents(RetryPolicy? retry = null) =>
        new FakeRouting().With("best", "work", priority: 10, retry: retry).With("other", "work");
}
