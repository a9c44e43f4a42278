using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>A time in which no process was there to drive a run.</summary>
public sealed class ResumedRunTests
{
    private const string Plan = """{"timeout":"15s","steps":{"a":{"agent":"best"},"b":{"agent":"best","needs":["a"]}}}""";

    [Fact]
    public void Decide_RunGoesOnAfterNobodyWasThere_HasTheTimeLeftThatItHad()
    {
        var run = Started();
        run.After(TimeSpan.FromSeconds(4)).Then();

        Down(run, seconds: 16).Then("orchestration:resumed");

        Assert.Equal(RunScenario.Start.AddSeconds(31), run.State.Deadline);
        run.After(TimeSpan.FromSeconds(10)).Then();
        run.After(TimeSpan.FromSeconds(1)).Then("best:cancelled", "error");
        Assert.Equal(ErrorCodes.RunTimeout, run.State.Error!.Code);
    }

    [Fact]
    public void Decide_ToldTwiceThatNobodyWasThere_CountsItOnce()
    {
        var run = Started();
        var (since, until) = (run.Now, run.Now.AddSeconds(5));
        Down(run, seconds: 5);

        run.When(new RunInput.ResumeRun(since, until)).Then();

        Assert.Equal(RunScenario.Start.AddSeconds(20), run.State.Deadline);
        Down(run, seconds: 5).Then("orchestration:resumed");
        Assert.Equal(RunScenario.Start.AddSeconds(25), run.State.Deadline);
    }

    [Fact]
    public void Decide_NobodyWasThereForAMoment_SaysNothing()
    {
        var run = Started();

        run.When(new RunInput.ResumeRun(run.Now, run.Now.AddSeconds(0.9))).Then();

        Assert.NotNull(run.Ignored);
    }

    // Of the time in which nobody was there only that counts in which the run had begun.
    [Fact]
    public void Decide_RunBeganAfterTheLastSignOfLife_IsNotGivenMoreThanItMissed()
    {
        var run = Started();
        run.After(TimeSpan.FromSeconds(3));

        run.When(new RunInput.ResumeRun(RunScenario.Start.AddHours(-1), run.Now)).Then("orchestration:resumed");

        Assert.Equal(RunScenario.Start.AddSeconds(18), run.State.Deadline);
    }

    [Fact]
    public void Decide_RunThatWaitsOrHasEnded_IsNotResumed()
    {
        var run = new RunScenario(Plan, new FakeRouting().With("best", "work"));

        run.When(new RunInput.ResumeRun(run.Now, run.Now.AddHours(1))).Then();
        run.Started().Succeeds("a").Succeeds("b");
        run.When(new RunInput.ResumeRun(run.Now, run.Now.AddHours(1))).Then();
    }

    private static RunScenario Started() => new RunScenario(Plan, new FakeRouting().With("best", "work", timeout: TimeSpan.FromHours(1))).Started();

    // As an engine does: it hears of what is due only after that.
    private static RunScenario Down(RunScenario run, int seconds)
    {
        var since = run.Now;
        run.Sleep(TimeSpan.FromSeconds(seconds));
        return run.When(new RunInput.ResumeRun(since, run.Now));
    }
}
