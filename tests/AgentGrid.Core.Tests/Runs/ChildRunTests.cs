using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>Steps whose work runs of other plans do.</summary>
public sealed class ChildRunTests
{
    private const string One = """{"steps":{"r":{"plan":"leaf"},"after":{"needs":["r"],"agent":"best"}}}""";

    [Fact]
    public void Decide_StepWithAPlan_StartsWithoutASlotAndOnlyWaits()
    {
        var run = Run(One).Started().Then("orchestration:started", "plan:leaf:start");

        var attempt = run.State["r"].Attempts[0];
        Assert.Equal((AttemptStatus.Running, null, 1), (attempt.Status, attempt.Node, run.State.OpenChildren));
        Assert.True(run.State.OnlyWaits);
        Assert.Equal(new Effect.Invoke("r", 1), RunMachine.EffectOf(run.Events[^1]));
        run.Succeeds("r", output: """{"n":1}""").Then("plan:leaf:succeeded", "r:done", "best:start");
        Assert.Equal(("""{"n":1}""", 0, false), (run.State["r"].Output!.ToString(), run.State.OpenChildren, run.State.OnlyWaits));
    }

    [Fact]
    public void Decide_LossOfTheProcess_IsNoLossOfAChild()
    {
        var run = Run(One).Started().When(new RunInput.LoseAttempt("r", 1, "stopped", WasStopped: true));

        Assert.Contains("goes on elsewhere", run.Ignored, StringComparison.Ordinal);
        Assert.Equal([new Effect.Reconcile("r", 1)], RunMachine.Resume(run.State));
    }

    [Fact]
    public void Decide_WhileAChildRuns_TheTimeoutOfTheRunStandsStillAndThatOfTheStepDoesNot()
    {
        var run = Run("""{"timeout":"1m","steps":{"r":{"plan":"leaf","timeout":"5m"},"after":{"needs":["r"],"agent":"best"}}}""").Started();

        run.After(TimeSpan.FromMinutes(4)).Then();
        run.When(new RunInput.ResumeRun(run.Now, run.Now + TimeSpan.FromMinutes(10))).Sleep(TimeSpan.FromMinutes(10.5)).When(RunInput.FireTimers.Instance).Then();
        run.After(TimeSpan.FromMinutes(1)).Then("plan:leaf:timeout", "r:failed", "error");
        Assert.Equal(ErrorCodes.AttemptTimeout, run.State.Error!.Code);
    }

    [Fact]
    public void Decide_ChildFails_IsTriedAgainByThePolicyOfTheStep()
    {
        var run = Run("""{"steps":{"r":{"plan":"leaf","retry":{"max_attempts":2,"backoff":"1s","jitter":0}}}}""").Started();

        run.Fails("r").Then("plan:leaf:error");
        Assert.False(run.State.OnlyWaits);
        run.After(TimeSpan.FromSeconds(1)).Then("plan:leaf:start");
        run.Fails("r", attempt: 2).Then("plan:leaf:error", "r:failed", "error");
    }

    [Fact]
    public void Decide_EachOverAPlan_StartsAllAtOnce()
    {
        var run = Run("""{"steps":{"r":{"plan":"leaf","mode":"each","for_each":"input.list"}}}""", """{"list":[1,2]}""").Started();

        run.Then("orchestration:started", "r:fan_out", "plan:leaf:start", "plan:leaf:start");
        var ids = run.State["r"].Attempts.Select(a => run.State.ChildOf(run.State["r"], a)!.ChildId).ToArray();
        Assert.NotEqual(ids[0], ids[1]);
        run.Succeeds("r", 2, "2").Succeeds("r", 1, "1").Then("plan:leaf:succeeded", "r:done", "completed");
        Assert.Equal("[1,2]", run.State["r"].Output!.ToString());
    }

    [Fact]
    public void ChildId_SameAttempt_IsTheSameIdWithTheTimeOfItsStart()
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(0x0123456789ab);
        var parent = new ParentRun(RunId.Parse("0123456789abcdef0123456789abcdef"), "r", 3, 1, at);

        Assert.Equal(new RunKey("child-of:0123456789abcdef0123456789abcdef/r/3", "1"), parent.ChildKey);
        Assert.StartsWith("0123456789ab7", parent.ChildId.Value, StringComparison.Ordinal);
        Assert.Equal(parent.ChildId, (parent with { Depth = 2, StartedAt = at.ToOffset(TimeSpan.FromHours(2)) }).ChildId);
        Assert.NotEqual(parent.ChildId, (parent with { Attempt = 4 }).ChildId);
        Assert.Null(RunKey.Problem("match_id", (parent with { Step = new string('s', Names.MaxLength), Attempt = int.MaxValue }).ChildKey.MatchId));
    }

    private static RunScenario Run(string plan, string input = "{}") =>
        new(plan, new FakeRouting().With("best", "work"), input);
}
