using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>What a retry keeps, and what it does anew.</summary>
public sealed class RetriedRunTests
{
    private const string WithOptional = """
        {"steps":{
          "extra":{"agent":"gone","optional":true},
          "mid":{"agent":"best","needs":["extra"]},
          "gate":{"agent":"best","needs":["extra"],"when":"extra != null"},
          "free":{"agent":"best"},
          "last":{"agent":"other","needs":["mid","gate","free"]}}}
        """;

    [Fact]
    public void Decide_Retry_KeepsCompletedSteps()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"agent":"best"},"b":{"needs":["a"],"agent":"best"}}}""", RunMachineTests.TwoAgents()).Started();
        run.Succeeds("a", output: "1").Fails("b");
        Assert.Equal(RunStatus.Failed, run.State.Status);

        run.When(new RunInput.RetryRun()).Then("orchestration:retried");
        run.Started().Then("orchestration:started", "best:start");
        run.Succeeds("b", 2, "2").Then("best:succeeded", "b:done", "completed");
        Assert.Single(run.State["a"].Attempts);
        Assert.Equal("""{"b":2}""", run.State.Result!.ToString());
    }

    [Fact]
    public void Summarize_RetriedRun_LastsFromItsLastStart()
    {
        TimeSpan? Duration(RunScenario run) => RunDetailsBuilder.Summarize(run.State).Duration;
        var run = new RunScenario("""{"steps":{"a":{"agent":"best"}}}""", RunMachineTests.TwoAgents());
        run.Sleep(TimeSpan.FromSeconds(30)).Started();
        Assert.Null(Duration(run));
        run.Sleep(TimeSpan.FromSeconds(2)).Fails("a");
        Assert.Equal(TimeSpan.FromSeconds(2), Duration(run));

        run.Sleep(TimeSpan.FromHours(5)).When(new RunInput.RetryRun());
        Assert.Null(Duration(run));
        run.Sleep(TimeSpan.FromSeconds(9)).Started().Sleep(TimeSpan.FromSeconds(3)).Succeeds("a", 2);
        Assert.Equal(TimeSpan.FromSeconds(3), Duration(run));

        // One that never ran again did not take the hours before.
        run.Sleep(TimeSpan.FromHours(5)).When(new RunInput.RetryRun("a")).When(new RunInput.CancelRun("no"));
        Assert.Equal((RunStatus.Cancelled, (TimeSpan?)null), (run.State.Status, Duration(run)));
    }

    [Fact]
    public void Decide_RetryFromAStep_DoesItAndWhatDependsOnItAnew()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"agent":"best"},"b":{"needs":["a"],"agent":"best"},"c":{"agent":"best"}}}""", RunMachineTests.TwoAgents())
            .Started();
        run.Succeeds("a", output: "1").Succeeds("c").Succeeds("b");
        Assert.Equal(RunStatus.Completed, run.State.Status);

        run.When(new RunInput.RetryRun("nowhere")).Then();
        run.When(new RunInput.RetryRun()).Then();
        run.When(new RunInput.RetryRun("a")).Then("orchestration:retried");
        run.Started().Then("orchestration:started", "best:start");
        run.Succeeds("a", 2, "2").Then("best:succeeded", "a:done", "best:start");
        run.Succeeds("b", 2, "3").Then("best:succeeded", "b:done", "completed");
        Assert.Single(run.State["c"].Attempts);
        Assert.Equal("""{"c":{},"b":3}""", run.State.Result!.ToString());
    }

    [Fact]
    public void Decide_RetryOfAPartlyDoneFanOut_AsksOnlyThoseThatHadNotSucceeded()
    {
        var run = new RunScenario("""{"steps":{"a":{"capability":"work","mode":"all"}}}""", RunMachineTests.TwoAgents()).Started();
        run.Succeeds("a", 1, "\"old\"").Fails("a", 2);

        run.When(new RunInput.RetryRun()).Started().Then("orchestration:started", "a:fan_out", "other:start");
        run.Succeeds("a", 3, "2").Then("other:succeeded", "a:done", "completed");

        Assert.Equal("""{"best":"old","other":2}""", run.State["a"].Output!.ToString());
    }

    [Fact]
    public void Decide_RetryOfAPartlyDoneFanOutWhenTheOthersAreGone_IsDoneWithWhatHadSucceeded()
    {
        var agents = RunMachineTests.TwoAgents();
        var run = new RunScenario("""{"steps":{"a":{"capability":"work","mode":"all"}}}""", agents).Started();
        run.Succeeds("a", 1, "1").Fails("a", 2);
        agents.Agents.Remove("other");

        run.When(new RunInput.RetryRun()).Started().Then("orchestration:started", "a:fan_out", "a:done", "completed");

        Assert.Equal("""{"best":1}""", run.State["a"].Output!.ToString());
    }

    [Fact]
    public void Decide_RetryOfItems_KeepsThoseThatHadSucceededAndTheirPlaces()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"agent":"best","mode":"each","for_each":"input.list"}}}""", RunMachineTests.TwoAgents(),
            """{"list":[10,20,30]}""").Started();
        run.Succeeds("a", 3, "\"third\"").Fails("a", 2);
        Assert.Equal(RunStatus.Failed, run.State.Status);

        run.When(new RunInput.RetryRun()).Started().Then(
            "orchestration:started", "a:fan_out", "best:start", "best:start");
        run.Succeeds("a", 4, "\"first\"").Succeeds("a", 5, "\"second\"");

        Assert.Equal("""["first","second","third"]""", run.State["a"].Output!.ToString());
        Assert.Equal([0, 1, 2, 0, 1], run.State["a"].Attempts.Select(a => a.Branch));
    }

    [Fact]
    public void Decide_RetryOfItemsTwice_StillHasTheFirstSuccesses()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"agent":"best","mode":"each","for_each":"input.list"}}}""", RunMachineTests.TwoAgents(),
            """{"list":[10,20,30]}""").Started();
        run.Succeeds("a", 1, "1").Fails("a", 2);
        run.When(new RunInput.RetryRun()).Started().Succeeds("a", 4, "2").Fails("a", 5);

        run.When(new RunInput.RetryRun()).Started().Succeeds("a", 6, "3");

        Assert.Equal("[1,2,3]", run.State["a"].Output!.ToString());
    }

    [Fact]
    public void Decide_RetryOfItemsThatComeFromAStepThatStartsAnew_KeepsNone()
    {
        var run = new RunScenario(
            """
            {"steps":{"list":{"agent":"best"},"a":{"agent":"best","mode":"each","for_each":"list","needs":["list"]}}}
            """, RunMachineTests.TwoAgents()).Started();
        run.Succeeds("list", output: "[1,2]").Succeeds("a", 1, "1").Fails("a", 2);

        run.When(new RunInput.RetryRun("list")).Started().Succeeds("list", 2, "[7]").Then(
            "best:succeeded", "list:done", "a:fan_out", "best:start");
    }

    [Fact]
    public void Decide_RetryAfterAnOptionalStepHadFailed_DoesAnewWhatDependedOnIt()
    {
        var agents = RunMachineTests.TwoAgents();
        var run = new RunScenario(WithOptional, agents).Started();
        run.Succeeds("mid", output: "\"without\"").Succeeds("free").Fails("last");
        Assert.Equal(RunStatus.Failed, run.State.Status);
        agents.With("gone", "more");

        run.When(new RunInput.RetryRun()).Started().Then("orchestration:started", "gone:start");
        run.Succeeds("extra", output: "1").Succeeds("mid", 2, "\"with\"").Succeeds("gate", output: "2").Succeeds("last", 2, "3");

        Assert.Equal(RunStatus.Completed, run.State.Status);
        Assert.Equal("\"with\"", run.State["mid"].Output!.ToString());
        Assert.Equal("2", run.State["gate"].Output!.ToString());
        Assert.Single(run.State["free"].Attempts);
    }

    [Fact]
    public void Decide_RetryFromAStep_DoesNotAskAnOptionalOneBeforeItAgain()
    {
        var agents = RunMachineTests.TwoAgents();
        var run = new RunScenario(WithOptional, agents).Started();
        run.Succeeds("mid").Succeeds("free").Fails("last");
        agents.With("gone", "more");

        run.When(new RunInput.RetryRun("last")).Started().Then("orchestration:started", "other:start");
        run.Succeeds("last", 2);

        Assert.Equal(RunStatus.Completed, run.State.Status);
        Assert.Equal(StepStatus.Failed, run.State["extra"].Status);
    }

    // In the journals of older versions, which do not say what starts anew.
    [Fact]
    public void Evolve_RetryOfAnOlderVersion_IsWhatItWasThen()
    {
        var run = new RunScenario(WithOptional, RunMachineTests.TwoAgents()).Started();
        run.Succeeds("mid").Succeeds("free").Fails("last");

        RunMachine.Evolve(run.State, new RunEvent.RunRetried { Time = run.Now });

        Assert.Equal(
            ["extra Pending", "free Completed", "gate Skipped", "last Pending", "mid Completed"],
            run.State.Steps.Select(s => $"{s.Id} {s.Status}").Order());
    }
}
