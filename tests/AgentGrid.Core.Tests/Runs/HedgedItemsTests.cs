using AgentGrid.Core.Agents;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>Backups of single items in mode each.</summary>
public sealed class HedgedItemsTests
{
    private const string Plan =
        """{"steps":{"a":{"capability":"work","mode":"each","for_each":"input.list","hedge":{"after":"3s"}}}}""";
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Decide_SlowItem_HasABackupAndTheFirstOfThemWins()
    {
        var run = Started(Plan);
        run.Succeeds("a", 2).Then("best:succeeded");

        run.After(3 * Second).Then("other:queued");
        run.When(new RunInput.GrantSlot("a", 3, "n2")).Then("other:start");
        run.Succeeds("a", 3).Then("other:succeeded", "best:cancelled", "a:done", "completed");

        var attempts = RunDetailsBuilder.Build(run.State).Steps[0].Attempts;
        Assert.Equal([0, 1, 0], attempts.Select(static a => a.Branch));
        Assert.Equal([false, false, true], attempts.Select(static a => a.IsHedge));
        Assert.Equal("backup 1 of 1: 'best' has not answered within 3 s ('after' of the plan)", attempts[2].Decision!.Why);
        Assert.Equal(StopState.Asked, attempts[0].Receipt!.State);
        Assert.Null(attempts[2].Hedge);
        Assert.Equal((2, 2), (RunDetailsBuilder.Build(run.State).Steps[0].Required, RunDetailsBuilder.Build(run.State).Steps[0].Branches));
    }

    [Fact]
    public void Decide_TheFirstIsFasterThanItsBackup_TheBackupIsCancelledAndOtherItemsGoOn()
    {
        var run = Started(Plan).After(3 * Second);
        run.Then("other:queued", "other:queued");
        run.When(new RunInput.GrantSlot("a", 3, "n2")).Then("other:start");

        run.Succeeds("a", 1).Then("best:succeeded", "other:cancelled");
        Assert.Equal(StopState.Asked, run.State["a"].Attempts[2].Receipt!.State);
        Assert.Equal(AttemptStatus.Queued, run.State["a"].Attempts[3].Status);
        run.Succeeds("a", 2).Then("best:succeeded", "other:cancelled", "a:done", "completed");
        Assert.Null(run.State["a"].Attempts[3].Receipt);
    }

    [Fact]
    public void Decide_TheFirstFailsForGood_TheBackupGoesOnAlone()
    {
        var run = BackedUp();

        run.Fails("a").Then("best:error");
        Assert.Equal(0, run.State["a"].FailedBranches);
        run.Succeeds("a", 3).Then("other:succeeded");
        run.Succeeds("a", 2).Then("best:succeeded", "a:done", "completed");
    }

    [Fact]
    public void Decide_BothFail_TheItemHasFailed()
    {
        var run = BackedUp();

        run.Fails("a").Then("best:error");
        run.Fails("a", 3).Then("other:error", "best:cancelled", "a:failed", "error");
        Assert.True(((RunEvent.AttemptFailed)run.Events.Last(static e => e is RunEvent.AttemptFailed)).GivesUp);
    }

    [Fact]
    public void Decide_TheBackupFails_TheFirstGoesOnAndIsRetriedAsEver()
    {
        var run = BackedUp(new RetryPolicy { MaxAttempts = 2, Backoff = 2 * Second, Jitter = 0 });

        run.Fails("a", 3).Then("other:error");
        run.Fails("a").Then("best:error");
        run.After(2 * Second).Then("best:start");
        // It has had its one backup.
        Assert.Null(run.State["a"].Attempts[4].Hedge);
        run.Succeeds("a", 5).Then("best:succeeded");
    }

    [Fact]
    public void Decide_TheBackupSucceedsWhileTheFirstWaitsToTryAgain_NothingIsTriedAgain()
    {
        var run = BackedUp(new RetryPolicy { MaxAttempts = 2, Backoff = 2 * Second, Jitter = 0 });

        run.Fails("a").Then("best:error");
        Assert.Equal(1, run.State.RetryingBranches);
        run.Succeeds("a", 3).Then("other:succeeded");
        Assert.Equal(0, run.State.RetryingBranches);
        run.After(2 * Second).Then();
        run.Succeeds("a", 2).Then("best:succeeded", "a:done", "completed");
    }

    [Fact]
    public void Decide_BudgetIsUsedUp_TheItemGoesOnAndMayHaveABackupAfterARetry()
    {
        var run = Started(Plan, new RetryPolicy { MaxAttempts = 2, Backoff = 2 * Second, Jitter = 0 });
        run.Succeeds("a", 2).After(3 * Second).Then("other:queued");

        run.When(new RunInput.RefuseHedge("a", 3, "used up")).Then("other:cancelled");
        Assert.True(run.State["a"].Attempts[2].IsRefusedHedge);
        run.Fails("a").After(2 * Second).Then("best:start");
        run.After(3 * Second).Then("other:queued");
        // Nobody else is left: it is no extra attempt any more.
        run.Fails("a", 4).Then("best:error");
        run.When(new RunInput.RefuseHedge("a", 5, "used up")).Then("other:cancelled", "other:start");
        Assert.False(run.State["a"].Attempts[5].IsHedge);
        run.Succeeds("a", 6).Then("other:succeeded", "a:done", "completed");
    }

    [Fact]
    public void Decide_OneAgent_IsItsOwnBackup()
    {
        var run = Started(Plan.Replace("\"capability\":\"work\"", "\"agent\":\"best\"", StringComparison.Ordinal));

        run.Succeeds("a", 2).After(3 * Second).Then("best:queued");
        run.When(new RunInput.GrantSlot("a", 3, "n2")).Then("best:start");
        run.Succeeds("a", 3).Then("best:succeeded", "best:cancelled", "a:done", "completed");
    }

    [Fact]
    public void Decide_TheBackupIsDrainedWhileItWaits_AnotherIsAsked()
    {
        var routing = Agents(null).With("third", "work", priority: -1);
        var run = new RunScenario(Plan, routing, """{"list":[1]}""").Started();
        run.After(3 * Second).Then("other:queued");

        routing.Drained.Add("other");
        run.When(new RunInput.PassOnAttempt("a", 2)).Then("other:cancelled", "third:queued");
        Assert.True(run.State["a"].Attempts[2].IsHedge);
        Assert.False(run.State["a"].Attempts[1].IsRefusedHedge);
    }

    private static RunScenario BackedUp(RetryPolicy? retry = null)
    {
        var run = Started(Plan, retry).After(3 * Second);
        run.Then("other:queued", "other:queued");
        return run.When(new RunInput.RefuseHedge("a", 4, "used up")).When(new RunInput.GrantSlot("a", 3, "n2"));
    }

    private static RunScenario Started(string plan, RetryPolicy? retry = null)
    {
        var run = new RunScenario(plan, Agents(retry), """{"list":[1,2]}""").Started();
        run.Then("orchestration:started", "a:fan_out", "best:start", "best:start");
        return run;
    }

    private static FakeRouting Agents(RetryPolicy? retry) =>
        new FakeRouting().With("best", "work", priority: 10, retry: retry).With("other", "work");
}
