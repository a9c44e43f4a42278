using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.TestKit;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>Runs that start later.</summary>
public sealed class LaterTests
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);
    private static readonly DateTimeOffset s_now = RunScenario.Start;

    [Fact]
    public void Decide_TimeComes_WaitsForItsTurnAndStarts()
    {
        var run = Run(s_hour);
        Assert.Equal((RunStatus.Scheduled, s_now + s_hour), (run.State.Status, run.State.NextDue));
        Assert.Empty(RunMachine.Resume(run.State));
        Assert.Null(RunMachine.EffectOf(run.Events[0]));

        run.Started().Then();
        run.After(s_hour / 2).Then();
        run.After(s_hour / 2).Then("orchestration:due");
        Assert.Equal(RunStatus.Queued, run.State.Status);
        Assert.IsType<Effect.AwaitTurn>(RunMachine.EffectOf(run.Events[^1]));
        Assert.IsType<Effect.AwaitTurn>(Assert.Single(RunMachine.Resume(run.State)));

        run.After(s_hour).Then();
        run.Started().Then("orchestration:started", "best:start");
    }

    // The plan's timeout is a minute, and it is a day before it starts.
    [Fact]
    public void Decide_Started_TimeoutCountsFromThere()
    {
        var run = Run(TimeSpan.FromDays(1)).After(TimeSpan.FromDays(1)).Started();

        Assert.Equal(run.Now + TimeSpan.FromMinutes(1), run.State.Deadline);
        run.After(TimeSpan.FromMinutes(1) - TimeSpan.FromTicks(1)).Then();
        run.After(TimeSpan.FromTicks(1));
        Assert.Equal(ErrorCodes.RunTimeout, run.State.Error!.Code);
    }

    // Unlike a wait, the time of a start is a time of the world: it does not become later while nobody is there.
    [Fact]
    public void Decide_NobodyWasThere_StartsAtOnce()
    {
        var run = Run(s_hour);

        run.Sleep(2 * s_hour).When(new RunInput.ResumeRun(s_now, run.Now)).Then();
        run.When(RunInput.FireTimers.Instance).Then("orchestration:due");
    }

    [Fact]
    public void Decide_CancelledBefore_NeverStarts()
    {
        var run = Run(s_hour).When(new RunInput.CancelRun("no")).Then("cancelled");

        Assert.Null(run.State.NextDue);
        run.After(s_hour).Then();
        run.When(new RunInput.RetryRun()).Then("orchestration:retried");
        Assert.Equal(RunStatus.Queued, run.State.Status);
        run.Started().Then("orchestration:started", "best:start");
    }

    [Theory]
    [InlineData(null, 0L, null)]
    [InlineData(null, 600L, null)]
    [InlineData(-9L, null, null)]
    [InlineData(31_622_400L, null, null)]
    [InlineData(31_622_401L, null, "start_at")]
    [InlineData(null, 31_622_401L, "delay")]
    [InlineData(null, -1L, "delay")]
    [InlineData(1L, 1L, "delay")]
    public void StartProblem_SaysTheFieldAndTheBound(long? at, long? delay, string? field)
    {
        var submit = new SubmitRun(new("m", "1"), Json.EmptyObject)
        {
            StartAt = at is { } s ? s_now.AddSeconds(s) : null,
            Delay = delay is { } d ? TimeSpan.FromSeconds(d) : null,
        };

        var problem = Submission.StartProblem(submit, s_now);

        Assert.Equal((field, field is null ? null : CommandCodes.BadStart), (problem?.Path, problem?.Code));
        var seconds = at ?? delay;
        Assert.True(field is not null || Submission.StartOf(submit, s_now) == (seconds > 0 ? s_now.AddSeconds(seconds.Value) : null));
    }

    private static RunScenario Run(TimeSpan startsIn) => new(
        """{"timeout":"60s","steps":{"a":{"agent":"best"}}}""", new FakeRouting().With("best", "work", timeout: s_hour), startsIn: startsIn);
}
