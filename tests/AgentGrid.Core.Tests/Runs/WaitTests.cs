using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>Steps that wait for a signal.</summary>
public sealed class WaitTests
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void Decide_SignalComes_CompletesTheStepWithIt()
    {
        var run = Run("""{"wait":{"signal":"payment"}}""").Started().Then("orchestration:started", "pay:waiting");

        Signal(run, """{"amount":3}""", by: "shop").Then("payment:received", "pay:done", "best:start");

        Assert.Equal("""{"amount":3}""", run.State["pay"].Output!.ToString());
        Assert.Equal("shop", run.State["pay"].Received!.By);
        run.Succeeds("after").Then("best:succeeded", "after:done", "completed");
    }

    [Fact]
    public void Decide_SignalComesEarly_IsKeptForTheStep()
    {
        var run = Run("""{"needs":["before"],"wait":{"signal":"payment"}}""", ""","before":{"agent":"best"}""").Started();

        Signal(run, "1").Then("payment:received");
        Assert.Null(run.State.Signals[0].Step);

        run.Succeeds("before").Then("best:succeeded", "before:done", "pay:waiting", "pay:done", "best:start");
        Assert.Equal("1", run.State["pay"].Output!.ToString());
    }

    [Fact]
    public void Decide_SignalComesBeforeTheRunHasStarted_IsKept()
    {
        var run = Run("""{"wait":{"signal":"payment"}}""");

        Signal(run, "1").Then("payment:received");
        run.Started().Then("orchestration:started", "pay:waiting", "pay:done", "best:start");
    }

    [Fact]
    public void Decide_TwoStepsWaitForOneSignal_EachTakesOne()
    {
        var run = Run("""{"wait":{"signal":"payment"}}""", ""","also":{"wait":{"signal":"payment"}}""").Started();

        Signal(run, "1").Then("payment:received", "also:done");
        Signal(run, "2").Then("payment:received", "pay:done", "best:start");

        Assert.Equal(SignalOutcome.TooMany, Verdict(run, "3").Outcome);
        Assert.Equal(("1", "2"), (run.State["also"].Output!.ToString(), run.State["pay"].Output!.ToString()));
    }

    [Fact]
    public void Decide_SameKeyAgain_IsKnown()
    {
        var run = Run("""{"wait":{"signal":"payment"}}""").Started();
        Signal(run, "1", key: "k");

        Signal(run, "1", key: "k").Then();
        Assert.Equal(SignalOutcome.Repeated, Verdict(run, "1", key: "k").Outcome);
        Assert.Equal(SignalOutcome.KeyTaken, Verdict(run, "2", key: "k").Outcome);
        Assert.Contains("has 'payment' already", Verdict(run, "1", key: "other").Message, StringComparison.Ordinal);

        run.Succeeds("after");
        Assert.Equal(SignalOutcome.Repeated, Verdict(run, "1", key: "k").Outcome);
        Assert.Equal(SignalOutcome.Ended, Verdict(run, "1").Outcome);
    }

    [Fact]
    public void Decide_UnknownSignal_SaysWhichThereAre()
    {
        var run = Run("""{"wait":{"signal":"payment"}}""").Started();

        run.When(new RunInput.ReceiveSignal("paymant", Json.Null)).Then();

        Assert.Equal("No step of run 'm/1' waits for 'paymant', did you mean 'payment'?", run.Ignored);
    }

    [Theory]
    [InlineData("fail", "pay:failed", "error")]
    [InlineData("skip", "pay:skipped", "best:start")]
    [InlineData("default", "pay:done", "best:start")]
    public void Decide_NothingComesInTime_DoesAsThePlanSays(string onTimeout, string step, string then)
    {
        var output = onTimeout == "default" ? ""","default":{"amount":0}""" : "";
        var run = Run($$$"""{"wait":{"signal":"payment","timeout":"60s","on_timeout":"{{{onTimeout}}}"{{{output}}}}}""").Started();

        run.After(s_minute / 2).Then();
        run.After(s_minute).Then(step, then);

        Assert.Equal(onTimeout == "default" ? """{"amount":0}""" : null, run.State["pay"].Output?.ToString());
        Assert.Equal(onTimeout == "fail" ? ErrorCodes.WaitTimeout : null, run.State.Error?.Code);
    }

    [Fact]
    public void Decide_OptionalAndNothingComes_TheRunGoesOn()
    {
        var run = Run("""{"optional":true,"wait":{"signal":"payment","timeout":"60s"}}""").Started();

        run.After(s_minute).Then("pay:failed", "best:start");
    }

    // A wait of days in a plan of an hour: the timeout is for the work.
    [Fact]
    public void Decide_OnlyWaits_TheTimeoutOfTheRunStandsStill()
    {
        var run = Run("""{"wait":{"signal":"payment","timeout":"3d"}}""", plan: "\"timeout\":\"60s\",").Started();
        Assert.Equal(RunScenario.Start + TimeSpan.FromDays(3), run.State.NextDue);

        run.After(TimeSpan.FromDays(2)).Then();
        Signal(run, "1").Then("payment:received", "pay:done", "best:start");
        run.After(s_minute / 2).Then();
        run.After(s_minute / 2);

        Assert.Equal(ErrorCodes.RunTimeout, run.State.Error!.Code);
    }

    [Fact]
    public void Decide_WaitsBesideWork_TheTimeoutOfTheRunGoesOn()
    {
        var run = Run("""{"wait":{"signal":"payment","timeout":"3d"}}""", ""","work":{"agent":"best"}""", "\"timeout\":\"60s\",").Started();

        run.After(s_minute);

        Assert.Equal(ErrorCodes.RunTimeout, run.State.Error!.Code);
        Assert.Equal(StepStatus.Cancelled, run.State["pay"].Status);
        Assert.Equal(0, run.State.Waits);
    }

    [Fact]
    public void Decide_NobodyWasThere_TheWaitIsLonger()
    {
        var run = Run("""{"wait":{"signal":"payment","timeout":"60s"}}""").Started();
        var since = run.Now;

        run.Sleep(TimeSpan.FromHours(5)).When(new RunInput.ResumeRun(since, run.Now)).Then("orchestration:resumed");
        run.After(s_minute / 2).Then();
        run.After(s_minute / 2).Then("pay:failed", "error");
    }

    [Fact]
    public void Decide_Cancelled_TheWaitIsOver()
    {
        var run = Run("""{"wait":{"signal":"payment"}}""").Started();

        run.When(new RunInput.CancelRun("no")).Then("cancelled");

        Assert.Equal((0, false), (run.State.Waits, run.State.OnlyWaits));
        Assert.Null(run.State.NextDue);
        Assert.Equal(SignalOutcome.Ended, Verdict(run, "1").Outcome);
    }

    [Fact]
    public void Decide_RetriedFromTheWait_WaitsForAnotherSignal()
    {
        var run = Run("""{"wait":{"signal":"payment"}}""").Started();
        Signal(run, "1").Succeeds("after");

        run.When(new RunInput.RetryRun("pay")).Started().Then("orchestration:started", "pay:waiting");
        Signal(run, "2").Then("payment:received", "pay:done", "best:start");

        Assert.Equal("2", run.State["pay"].Output!.ToString());
    }

    [Fact]
    public void Decide_NotByWhomThePlanNames_IsRefused()
    {
        var run = Run("""{"wait":{"signal":"payment","by":["shop","bank"]}}""").Started();

        Assert.Equal(SignalOutcome.NotAllowed, Verdict(run, "1").Outcome);
        Assert.Equal(
            "'payment' of run 'm/1' may only be sent by shop, bank, not by 'eve'.", Verdict(run, "1", by: "eve").Message);
        Signal(run, "1", by: "bank").Then("payment:received", "pay:done", "best:start");
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("{\"\\udc00\":1}")]
    public void Decide_HalfOfACharacter_IsRefused(string data)
    {
        var run = Run("""{"wait":{"signal":"payment"}}""").Started();

        Assert.Equal(SignalOutcome.BadData, Verdict(run, data).Outcome);
    }

    [Fact]
    public void Decide_TooLargeOrTooDeep_IsRefused()
    {
        var run = Run("""{"wait":{"signal":"payment"}}""").Started();

        Assert.Equal(SignalOutcome.BadData, Verdict(run, $"\"{new string('x', SignalCheck.MaxBytes)}\"").Outcome);
        Assert.Equal(SignalOutcome.BadData, Verdict(run, new string('[', 100) + new string(']', 100)).Outcome);
        Assert.Equal(SignalOutcome.BadData, Verdict(run, "1", key: "").Outcome);
    }

    private static RunScenario Run(string pay, string more = "", string plan = "") => new(
        $$$"""{{{{plan}}}"steps":{"pay":{{{pay}}},"after":{"needs":["pay"],"agent":"best"}{{{more}}}}}""",
        new FakeRouting().With("best", "work", slots: 4, timeout: TimeSpan.FromHours(10)));

    private static RunScenario Signal(RunScenario run, string data, string? by = null, string? key = null) =>
        run.When(new RunInput.ReceiveSignal("payment", Json.Parse(data), by, key));

    private static SignalVerdict Verdict(RunScenario run, string data, string? by = null, string? key = null) =>
        SignalCheck.Of(run.State, new RunInput.ReceiveSignal("payment", Json.Parse(data), by, key));
}
