using AgentGrid.Core.Agents;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

public sealed class RunMachineTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    internal static FakeRouting TwoAgents(RetryPolicy? retry = null) =>
        new FakeRouting().With("best", "work", priority: 10, retry: retry).With("other", "work");

    [Fact]
    public void Decide_Pipeline_RunsStepAfterStep()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"capability":"work"},"b":{"needs":["a"],"capability":"work"}}}""", TwoAgents());

        run.Started().Then("orchestration:started", "best:start");
        run.Succeeds("a").Then("best:succeeded", "a:done", "best:start");
        run.Succeeds("b", output: """{"n":1}""").Then("best:succeeded", "b:done", "completed");

        Assert.Equal(RunStatus.Completed, run.State.Status);
        Assert.Equal("""{"b":{"n":1}}""", run.State.Result!.ToString());
    }

    [Fact]
    public void Decide_Start_RecordsWhoWasConsideredAndWhy()
    {
        var run = new RunScenario("""{"steps":{"a":{"capability":"work"}}}""", TwoAgents()).Started();

        var decision = run.State["a"].Attempts[0].Decision!;
        Assert.Equal("best", decision.Agent);
        Assert.Equal("highest priority", decision.Why);
        Assert.Equal(["best", "other"], decision.Candidates.Select(c => c.Agent));
    }

    [Fact]
    public void Decide_NoFreeSlot_QueuesUntilGranted()
    {
        var routing = new FakeRouting().With("only", "work", slots: 1);
        routing.InUse["only"] = 1;
        var run = new RunScenario("""{"steps":{"a":{"capability":"work"}}}""", routing);

        run.Started().Then("orchestration:started", "only:queued");
        run.When(new RunInput.GrantSlot("a", 1, "n2")).Then("only:start");
        run.When(new RunInput.GrantSlot("a", 1, "n2")).Then();
        Assert.Contains("Running", run.Ignored, StringComparison.Ordinal);
        Assert.Equal("n2", run.State["a"].Attempts[0].Node);
        Assert.Null(run.State["a"].Attempts[0].Placement);
    }

    [Fact]
    public void Decide_GrantSaysWhyThere_TheAttemptRecordsIt()
    {
        var routing = new FakeRouting().With("only", "work", slots: 1);
        routing.InUse["only"] = 1;
        var run = new RunScenario("""{"steps":{"a":{"capability":"work"}}}""", routing).Started();
        var placement = new PlacementDecision("n2", "less loaded; next is 'n1'", []);

        run.When(new RunInput.GrantSlot("a", 1, "n2", placement));

        Assert.Same(placement, RunDetailsBuilder.Build(run.State).Steps[0].Attempts[0].Placement);
    }

    [Fact]
    public void Decide_FewSlots_TheLongestPathGoesFirst()
    {
        var run = new RunScenario(
            """
            {"steps":{
              "a":{"capability":"work","timeout":"3s"},
              "b":{"capability":"work","timeout":"1s"},
              "c":{"needs":["b"],"capability":"work","timeout":"4s"},
              "d":{"capability":"work","timeout":"4s"}}}
            """, new FakeRouting().With("only", "work", slots: 1));

        run.Started();

        var plan = run.State.Plan;
        Assert.Equal([3, 5, 4, 4], new[] { "a", "b", "c", "d" }.Select(id => plan.LongestPaths[plan.IndexOf(id)]));
        Assert.Equal(AttemptStatus.Running, run.State["b"].Attempts[0].Status);
        Assert.Equal(AttemptStatus.Queued, run.State["a"].Attempts[0].Status);
        Assert.Equal(AttemptStatus.Queued, run.State["d"].Attempts[0].Status);
    }

    [Fact]
    public void Decide_WorkBehindIsKnown_GoesByThatAndSaysSo()
    {
        var routing = new FakeRouting().With("only", "work", slots: 1);
        routing.Behind = [0.25, 4.21, 312]; // a, b, c: the steps by how many come before them, then by their ids
        var run = new RunScenario(
            """
            {"steps":{
              "a":{"capability":"work","timeout":"60s"},
              "b":{"capability":"work","timeout":"1s"},
              "c":{"needs":["a","b"],"capability":"work"}}}
            """, routing);

        run.Started();

        Assert.Equal("the only candidate; first: 4.2 s of work behind it", run.State["b"].Attempts[0].Decision!.Why);
        Assert.Equal(AttemptStatus.Running, run.State["b"].Attempts[0].Status);
        Assert.Equal("the only candidate; waits, as no slot is free; 0.25 s of work behind it", run.State["a"].Attempts[0].Decision!.Why);
        Assert.Equal(AttemptStatus.Queued, run.State["a"].Attempts[0].Status);

        routing.Release("only");
        run.Succeeds("b").When(new RunInput.GrantSlot("a", 1, FakeRouting.Node)).Succeeds("a");

        // Nothing competes with it.
        Assert.Equal("the only candidate", run.State["c"].Attempts[0].Decision!.Why);
    }

    [Fact]
    public void Decide_SlotsEnough_SaysNothingOfTheOrder()
    {
        var routing = new FakeRouting().With("only", "work", slots: 2);
        routing.Behind = [2, 1];
        var run = new RunScenario("""{"steps":{"a":{"capability":"work"},"b":{"capability":"work"}}}""", routing).Started();

        Assert.All(run.State.Steps, s => Assert.Equal("the only candidate", s.Attempts[0].Decision!.Why));
    }

    [Fact]
    public void Decide_Failure_RetriesAfterBackoffOnTheSameAgent()
    {
        var retry = new RetryPolicy { MaxAttempts = 3, Backoff = Second, Jitter = 0 };
        var run = new RunScenario("""{"steps":{"a":{"capability":"work"}}}""", TwoAgents(retry)).Started();

        run.Fails("a").Then("best:error");
        run.After(0.99 * Second).Then();
        run.After(0.01 * Second).Then("best:start");
        run.Fails("a", 2).Then("best:error");
        run.After(1.99 * Second).Then();
        run.After(0.01 * Second).Then("best:start");
        run.Fails("a", 3).Then("best:error", "other:start");
        run.Fails("a", 4).Then("other:error", "a:failed", "error");
        Assert.Equal(RunStatus.Failed, run.State.Status);
    }

    [Fact]
    public void Decide_FailureThatSaysWhen_IsNotRetriedBefore()
    {
        var retry = new RetryPolicy { MaxAttempts = 3, Backoff = Second, Jitter = 0 };
        var run = new RunScenario("""{"steps":{"a":{"agent":"best"}}}""", TwoAgents(retry)).Started();

        run.Fails("a", retryAfter: 5 * Second).Then("best:error");
        run.After(4.9 * Second).Then();
        run.After(0.1 * Second).Then("best:start");
        // The backoff is the longer one by now.
        run.Fails("a", 2, retryAfter: Second).Then("best:error");
        run.After(1.9 * Second).Then();
        run.After(0.1 * Second).Then("best:start");
    }

    [Fact]
    public void Decide_FailureThatSaysAfterTheEndOfTheRun_AsksTheFallbackAtOnce()
    {
        var retry = new RetryPolicy { MaxAttempts = 3, Backoff = Second, Jitter = 0 };
        var run = new RunScenario("""{"timeout":"10s","steps":{"a":{"capability":"work"}}}""", TwoAgents(retry)).Started();

        run.Fails("a", retryAfter: 9.9 * Second).Then("best:error");
        run.After(9.9 * Second).Then("best:start");
        run.Fails("a", 2, retryAfter: 0.1 * Second).Then("best:error", "other:start");
        run.Fails("a", 3, retryAfter: TimeSpan.MaxValue).Then("other:error", "a:failed", "error");
    }

    [Theory]
    [InlineData("error", true, true)]
    [InlineData("out_of_memory", true, true)]
    [InlineData("other_code", true, true)] // an agent's own code is still an error
    [InlineData("error", false, false)]
    public void Decide_Failure_IsRetriedWhenThePolicyCoversIt(string code, bool retryable, bool retried)
    {
        var retry = new RetryPolicy { MaxAttempts = 2, On = ["error"] };
        var run = new RunScenario("""{"steps":{"a":{"agent":"best"}}}""", TwoAgents(retry)).Started();

        run.Fails("a", 1, code, retryable);

        Assert.Equal(retried, run.State["a"].Attempts[0].RetryAt is not null);
    }

    [Fact]
    public void Decide_RetryOnNamesOtherFailures_DoesNotRetry()
    {
        var retry = new RetryPolicy { MaxAttempts = 2, On = ["timeout", "busy"] };
        var run = new RunScenario("""{"steps":{"a":{"agent":"best"}}}""", TwoAgents(retry)).Started();

        run.Fails("a").Then("best:error", "a:failed", "error");
    }

    [Fact]
    public void Decide_Timeout_CancelsAndFallsBack()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"agent":"best","timeout":"2s","fallback":["other"]}}}""", TwoAgents()).Started();

        run.After(2 * Second).Then("best:timeout", "other:start");
        run.Succeeds("a", 1).Then();
        Assert.Contains("TimedOut", run.Ignored, StringComparison.Ordinal);
        run.Succeeds("a", 2).Then("other:succeeded", "a:done", "completed");
    }

    [Fact]
    public void Decide_Race_FirstSuccessWinsAndTheOtherIsCancelled()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"capability":"work","mode":"race","candidates":2}}}""", TwoAgents()).Started();

        run.Then("orchestration:started", "a:speculative_start", "best:start", "other:start");
        run.Succeeds("a", 2, """{"by":"other"}""").Then("other:succeeded", "best:cancelled", "a:done", "completed");
        run.Succeeds("a", 1).Then();
        Assert.Equal("""{"by":"other"}""", run.State["a"].Output!.ToString());
    }

    [Fact]
    public void Decide_RaceWithHedge_StartsTheBackupWhenItIsDueOrThePrimaryFails()
    {
        const string plan = """{"steps":{"a":{"capability":"work","mode":"race","hedge_after":"3s"}}}""";

        var slow = new RunScenario(plan, TwoAgents()).Started();
        slow.Then("orchestration:started", "a:speculative_start", "best:start");
        slow.After(3 * Second).Then("other:start");

        var failing = new RunScenario(plan, TwoAgents()).Started();
        failing.Fails("a").Then("best:error", "other:start");
        failing.After(3 * Second).Then();
        failing.Fails("a", 2).Then("other:error", "a:failed", "error");
    }

    [Fact]
    public void Decide_All_CompletesWithOutputsByAgentWhenTheQuorumIsReached()
    {
        var routing = TwoAgents().With("third", "work", priority: -1);
        var run = new RunScenario(
            """{"steps":{"a":{"capability":"work","mode":"all","require":2}}}""", routing).Started();

        run.Then("orchestration:started", "a:fan_out", "best:start", "other:start", "third:start");
        run.Succeeds("a", 3, "3").Then("third:succeeded");
        run.Succeeds("a", 1, "1").Then("best:succeeded", "other:cancelled", "a:done", "completed");
        Assert.Equal("""{"best":1,"third":3}""", run.State["a"].Output!.ToString());
    }

    [Fact]
    public void Decide_All_FailsAsSoonAsTheQuorumIsOutOfReach()
    {
        var run = new RunScenario("""{"steps":{"a":{"capability":"work","mode":"all"}}}""", TwoAgents()).Started();

        run.Fails("a", 2).Then("other:error", "best:cancelled", "a:failed", "error");
        Assert.Contains("needs 2 of 2", run.State.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decide_Each_InvokesOncePerItemAndKeepsTheirOrder()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"capability":"work","mode":"each","for_each":"input.list"}}}""", TwoAgents(),
            """{"list":["x","y","z"]}""").Started();

        run.Then("orchestration:started", "a:fan_out", "best:start", "best:start", "best:start");
        run.Succeeds("a", 3, "3").Succeeds("a", 1, "1").Succeeds("a", 2, "2");
        Assert.Equal("[1,2,3]", run.State["a"].Output!.ToString());
        var input = AttemptInput.Of(run.State, run.State["a"], run.State["a"].Attempts[1]).Compose();
        Assert.Equal("""{"item":"y","index":1,"list":["x","y","z"]}""", input.ToString());
    }

    [Theory]
    [InlineData("""{"list":[]}""", RunStatus.Completed)]
    [InlineData("""{"list":{}}""", RunStatus.Failed)]
    [InlineData("{}", RunStatus.Failed)]
    public void Decide_EachWithoutItems_EndsAtOnce(string input, RunStatus expected)
    {
        var run = new RunScenario(
            """{"steps":{"a":{"capability":"work","mode":"each","for_each":"input.list"}}}""", TwoAgents(), input);

        Assert.Equal(expected, run.Started().State.Status);
    }

    [Theory]
    [InlineData("skip", RunStatus.Completed)]
    [InlineData("fail", RunStatus.Failed)]
    public void Decide_NobodyOffersIt_SkipsOrFails(string onNone, RunStatus expected)
    {
        var run = new RunScenario(
            $$$"""{"steps":{"a":{"capability":"dancing","on_none":"{{{onNone}}}"} } }""", TwoAgents()).Started();

        Assert.Equal(expected, run.State.Status);
        Assert.Contains(run.Last, s => s is "a:skipped" or "a:failed");
    }

    [Fact]
    public void Decide_ConditionNotTrue_SkipsTheStepAndGoesOn()
    {
        var run = new RunScenario(
            """
            {"steps":{"a":{"capability":"work"},
                      "b":{"needs":["a"],"capability":"work","when":"a.score > 0.5"},
                      "c":{"needs":["b"],"capability":"work"}}}
            """, TwoAgents()).Started();

        run.Succeeds("a", output: """{"score":0.2}""").Then("best:succeeded", "a:done", "b:skipped", "best:start");
        run.Succeeds("c").Then("best:succeeded", "c:done", "completed");
    }

    [Fact]
    public void Decide_OptionalStepFails_TheRunGoesOn()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"agent":"best","optional":true},"b":{"needs":["a"],"agent":"other"}}}""", TwoAgents())
            .Started();

        run.Fails("a").Then("best:error", "a:failed", "other:start");
        Assert.True(AttemptInput.Of(run.State, run.State["b"], run.State["b"].Attempts[0]).Results["a"].IsNull);
        run.Succeeds("b").Then("other:succeeded", "b:done", "completed");
    }

    [Fact]
    public void Decide_RunTimeout_FailsTheRunAndCancelsWhatRuns()
    {
        var run = new RunScenario("""{"timeout":"5s","steps":{"a":{"capability":"work"}}}""", TwoAgents()).Started();

        run.After(5 * Second).Then("best:cancelled", "error");
        Assert.Equal(ErrorCodes.RunTimeout, run.State.Error!.Code);
        Assert.Null(run.State.NextDue);
    }

    [Fact]
    public void Decide_Cancel_EndsTheRunOnce()
    {
        var run = new RunScenario("""{"steps":{"a":{"capability":"work"}}}""", TwoAgents()).Started();

        run.When(new RunInput.CancelRun("enough")).Then("best:cancelled", "cancelled");
        run.When(new RunInput.CancelRun("enough")).Then();
        run.Succeeds("a").Then();
        Assert.Equal(StepStatus.Cancelled, run.State["a"].Status);
    }

    [Fact]
    public void Decide_Superseded_IsCancelledInOneTurnAndOver()
    {
        var by = new RunInput.SupersedeRun(RunId.From(new Guid(1, 2, 3, new byte[8])));
        var run = new RunScenario("""{"steps":{"a":{"agent":"best"}}}""", TwoAgents()).Started();

        run.When(by).Then("orchestration:superseded", "best:cancelled", "cancelled");
        run.When(by).Then();
        run.When(new RunInput.RetryRun()).Then();
        run.When(new RunInput.RetryRun("a")).Then();
    }

    [Fact]
    public void Decide_SupersededAfterItsEnd_KeepsItsResult()
    {
        var run = new RunScenario("""{"steps":{"a":{"agent":"best"}}}""", TwoAgents()).Started().Succeeds("a");

        run.When(new RunInput.SupersedeRun(RunId.From(new Guid(1, 2, 3, new byte[8])))).Then("orchestration:superseded");

        Assert.Equal(RunStatus.Completed, run.State.Status);
    }

    [Fact]
    public void Decide_PostedAgainAndAgain_IsToldOnce()
    {
        var run = new RunScenario("""{"steps":{"a":{"agent":"best"}}}""", TwoAgents()).Started();

        run.When(RunInput.SkipSubmission.Instance).Then("skipped");
        run.When(RunInput.SkipSubmission.Instance).Then();
        run.Succeeds("a").When(RunInput.SkipSubmission.Instance).Then();
    }

    [Fact]
    public void Decide_PostedAgain_IsNotedAndChangesNothing()
    {
        var run = new RunScenario("""{"steps":{"a":{"agent":"best"}}}""", TwoAgents()).Started();
        var before = run.Dump();

        run.When(RunInput.SkipSubmission.Instance).Then("skipped");
        Assert.Equal(before, run.Dump());
    }

    [Fact]
    public void Compose_StepInput_IsMergedOverPostedAndResults()
    {
        var run = new RunScenario(
            """
            {"steps":{"a":{"agent":"best"},
                      "b":{"needs":["a"],"agent":"best","input":{"a":{"x":9},"deep":{"k":{"new":2}},"own":true}}}}
            """, TwoAgents(), """{"match_id":"m","deep":{"k":{"old":1},"l":3},"a":"hidden by the result"}""").Started();
        run.Succeeds("a", output: """{"x":1,"y":2}""");

        var input = AttemptInput.Of(run.State, run.State["b"], run.State["b"].Attempts[0]).Compose();

        Assert.Equal(
            """{"a":{"x":9,"y":2},"match_id":"m","deep":{"k":{"old":1,"new":2},"l":3},"own":true}""", input.ToString());
    }

    [Theory]
    [InlineData(10_000, false)]
    [InlineData(10_000, true)]
    public void Decide_PlanOfTenThousandSteps_Completes(int count, bool chain)
    {
        var steps = Enumerable.Range(0, count).Select(i =>
            $"\"s{i}\":{{\"agent\":\"best\"{(chain && i > 0 ? $",\"needs\":[\"s{i - 1}\"]" : "")}}}");
        var run = new RunScenario(
            $$$"""{"steps":{ {{{string.Join(',', steps)}}} } }""", new FakeRouting().With("best", "work", slots: count)).Started();

        for (var i = 0; i < count; i++)
        {
            run.Succeeds($"s{i}");
        }
        Assert.Equal(RunStatus.Completed, run.State.Status);
    }
}
