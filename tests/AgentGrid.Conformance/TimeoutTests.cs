using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Attempts and runs that are out of time, and agents that do not listen.</summary>
public abstract class TimeoutTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override GridSetup Setup { get; } = new() { CancelGrace = TimeSpan.FromMilliseconds(50) };

    [Fact]
    public async Task Attempt_OutOfTime_IsCancelledAndFailsTheRun()
    {
        Script.On("alpha", call => call.HangAsync());

        var runs = 0;
        var run = await OutOfTimeAsync(
            time =>
            {
                runs++;
                return RunAsync($$"""{"a": {"agent": "alpha", "timeout": "{{time}}"} }""");
            },
            WasInvoked);

        Assert.Equal(ErrorKind.Timeout, AssertFailed(run).Kind);
        Assert.Equal(AttemptStatus.TimedOut, Assert.Single(StepOf(run, "a").Attempts).Status);
        await CallOf(run).CancelledAsync();
        Assert.Equal(runs, (await LoadAsync("alpha")).TimedOut);
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Attempt_OutOfTime_GoesToTheFallback()
    {
        Script.On("alpha", call => call.HangAsync());

        var run = await OutOfTimeAsync(
            time => RunAsync($$"""{"a": {"agent": "alpha", "timeout": "{{time}}", "fallback": ["bravo"]} }"""),
            run => run.Summary.Status == RunStatus.Completed);

        AssertCompleted(run);
        Assert.Equal(AttemptStatus.TimedOut, StepOf(run, "a").Attempts[0].Status);
    }

    [Fact]
    public async Task Run_OutOfTime_FailsAndCancelsWhatRuns()
    {
        Script.On("alpha", call => call.HangAsync());

        var run = await OutOfTimeAsync(
            time => RunAsync("""{"a": {"agent": "alpha"}}""", "{}", $$""" "timeout": "{{time}}" """), WasInvoked);

        Assert.Equal(ErrorKind.Timeout, AssertFailed(run).Kind);
        await CallOf(run).CancelledAsync();
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Run_OutOfTimeWhileWaitingForARetry_Fails()
    {
        Script.On("alpha", _ => throw new InvalidOperationException("not yet"));

        var run = await OutOfTimeAsync(
            time => RunAsync(
                """{"a": {"agent": "alpha", "retry": {"max_attempts": 9, "backoff": "10m", "max_backoff": "10m"}}}""",
                "{}", $$""" "timeout": "{{time}}" """),
            run => StepOf(run, "a").Attempts.Any(a => a.Status == AttemptStatus.Failed));

        Assert.Equal(ErrorKind.Timeout, AssertFailed(run).Kind);
        Assert.Equal("alpha", CallOf(run).Agent);
    }

    [Fact]
    public async Task Agent_IgnoresItsCancellation_GivesItsSlotBackAndItsResultCountsForNothing()
    {
        var late = Script.Gate();
        var ignores = true;
        Script.On("solo", async call =>
        {
            if (ignores)
            {
                await late.Opened;
            }
            return call.Answer();
        });

        var runs = 0;
        var run = await OutOfTimeAsync(
            time =>
            {
                runs++;
                return RunAsync($$"""{"a": {"agent": "solo", "timeout": "{{time}}"} }""");
            },
            WasInvoked);
        ignores = false;
        var next = await RunAsync("""{"a": {"agent": "solo"}}""");
        late.Open();
        await CallOf(run).EndedAsync();
        await AllSlotsFreeAsync();

        AssertFailed(run);
        AssertCompleted(next);
        AssertFailed((await Grid.GetRunAsync(run.Summary.RunId))!);
        Assert.Null(await Grid.GetOutputAsync(run.Summary.RunId, "a"));
        Assert.Equal(runs + 1, (await FeedAsync()).Count(e => e.EndsRun));
    }

    private Call CallOf(RunDetails run) =>
        Assert.Single(Script.Calls(), c => c.Invocation.RunId == run.Summary.RunId);
}
