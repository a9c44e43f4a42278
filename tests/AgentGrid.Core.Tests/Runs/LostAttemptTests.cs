using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>What is made of the death of a node, and of whoever ran there.</summary>
public sealed class LostAttemptTests
{
    private const string OneStep = """{"steps":{"a":{"agent":"best"}}}""";
    private static readonly RunInput s_crash = new RunInput.LoseAttempt("a", 1, "it is gone");
    private static readonly RunInput s_stop = new RunInput.LoseAttempt("a", 1, "it was stopped", WasStopped: true);

    [Fact]
    public void Decide_LostNode_DeliversTheSameAttemptAgainButNotForEver()
    {
        var run = Started();

        for (var i = 0; i < RunLimits.Default.MaxLosses; i++)
        {
            Crash(run).Then("best:lost", i == 0 ? "best:start" : "best:queued");
        }

        Crash(run).Then("best:error", "a:failed", "error");
        Assert.Equal(ErrorKind.Lost, run.State.Error!.Kind);
        Assert.Contains(
            "7 times in a row that its node died, 4 times with no other suspect beside it", run.State.Error.Message, StringComparison.Ordinal);
        Assert.Contains("(option MaxLosses). Agent 'best' probably crashes its process", run.State.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decide_LostNode_AsOftenAsTheLimitSays()
    {
        var run = new RunScenario(OneStep, Agents()) { Limits = new RunLimits { MaxLosses = 4 } }.Started();
        for (var i = 0; i < 4; i++)
        {
            Crash(run);
        }

        Crash(run).Then("best:error", "a:failed", "error");
    }

    [Fact]
    public void Decide_NodeStoppedInOrder_DoesNotUseTheAttemptUp()
    {
        var run = Started();
        for (var i = 0; i < 10; i++)
        {
            run.When(s_stop).Then("best:lost", "best:start");
        }
        for (var i = 0; i < RunLimits.Default.MaxLosses; i++)
        {
            Crash(run);
            Grant(run).When(s_stop).Then("best:lost", i == 0 ? "best:start" : "best:queued");
        }

        Crash(run).Then("best:error", "a:failed", "error");
    }

    // A first crash says nothing; then it is one of a few, and then alone.
    [Fact]
    public void Decide_NodeDiesAgain_KeepsTheAttemptApartMoreAndMore()
    {
        var run = Started();
        var attempt = run.State["a"].Attempts[0];

        Crash(run);
        Assert.Null(Isolation.Of(attempt));
        Assert.Equal("delivered again after its node was lost", attempt.Decision!.Why);
        Crash(run);
        Assert.Equal(new Isolation(8, TimeSpan.FromSeconds(10)), Isolation.Of(attempt));
        Assert.Equal(
            "delivered again after its node was lost, 2 times in a row; for 10 s it runs beside at most 7 other such " +
            "attempts", attempt.Decision!.Why);
        Crash(run);
        Assert.Equal(new Isolation(1, TimeSpan.FromSeconds(10)), Isolation.Of(attempt));
        Assert.Equal(
            "delivered again after its node was lost, 3 times in a row; for 10 s it runs on a node without other such " +
            "attempts", attempt.Decision!.Why);
    }

    // What it had outlived before has not ended it.
    [Fact]
    public void Decide_NodeDiesMuchLaterThanBefore_BeginsToCountAnew()
    {
        var run = Started();
        for (var i = 0; i < 4; i++)
        {
            Crash(run, afterSeconds: 4);
        }
        var attempt = run.State["a"].Attempts[0];
        Assert.Equal(4, attempt.Crashes);

        Crash(run, afterSeconds: 11);

        Assert.Equal((1, 5), (attempt.Crashes, attempt.Losses));
        Assert.Null(Isolation.Of(attempt));
        Crash(run, afterSeconds: 20);
        Assert.Equal(new Isolation(8, TimeSpan.FromSeconds(40)), Isolation.Of(attempt));
    }

    [Fact]
    public void Decide_NobodyWasThereForLong_IsNoTimeThatTheAttemptHadRun()
    {
        var run = Started();
        Crash(run, afterSeconds: 2);
        var since = run.Now.AddSeconds(1);

        run.Sleep(TimeSpan.FromHours(1)).When(new RunInput.ResumeRun(since, run.Now)).Then("orchestration:resumed").When(s_crash);

        Assert.Equal(2, run.State["a"].Attempts[0].Crashes);
        Assert.Equal(TimeSpan.FromSeconds(10), Isolation.Of(run.State["a"].Attempts[0])!.Value.Time);
    }

    // Or as many processes again would have to die as the policy has tries.
    [Fact]
    public void Decide_RetryOfALostAttempt_IsKeptApartFromTheBeginning()
    {
        var agents = new FakeRouting().With("best", "work", retry: new RetryPolicy { MaxAttempts = 2, Backoff = TimeSpan.FromSeconds(1) });
        var run = new RunScenario(OneStep, agents).Started();
        for (var i = 0; i <= RunLimits.Default.MaxLosses; i++)
        {
            Crash(run);
        }

        run.After(TimeSpan.FromSeconds(2)).Then("best:queued");

        Assert.Equal(1, Isolation.Of(run.State["a"].Attempts[1])!.Value.Company);
        run.When(new RunInput.GrantSlot("a", 2, FakeRouting.Node));
        for (var i = Isolation.MostInCompany; i < RunLimits.Default.MaxLosses; i++)
        {
            run.When(new RunInput.LoseAttempt("a", 2, "it is gone")).Then("best:lost", "best:queued");
            run.When(new RunInput.GrantSlot("a", 2, FakeRouting.Node));
        }
        run.When(new RunInput.LoseAttempt("a", 2, "it is gone")).Then("best:error", "a:failed", "error");
    }

    [Fact]
    public void Decide_NodeDiesAndTheAgentIsGone_SaysThatAndDoesNotCallItLost()
    {
        var run = Started();
        run.Routing.Agents.Clear();

        run.When(s_crash).Then("best:error", "a:failed", "error");

        Assert.Equal(ErrorCodes.NoAgent, run.State.Error!.Code);
        Assert.Contains("'best' has been removed or disabled", run.State.Error.Message, StringComparison.Ordinal);
    }

    private static FakeRouting Agents() => new FakeRouting().With("best", "work", timeout: TimeSpan.FromHours(2));

    private static RunScenario Started() => new RunScenario(OneStep, Agents()).Started();

    private static RunScenario Crash(RunScenario run, int afterSeconds = 0) =>
        Grant(run).After(TimeSpan.FromSeconds(afterSeconds)).When(s_crash);

    private static RunScenario Grant(RunScenario run)
    {
        if (run.State["a"].Attempts[0].Status == AttemptStatus.Queued)
        {
            run.When(new RunInput.GrantSlot("a", 1, FakeRouting.Node));
        }
        return run;
    }
}
