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

        var run = await RunAsync("""{"a": {"agent": "alpha", "timeout": "50ms"}}""");

        Assert.Equal(ErrorKind.Timeout, AssertFailed(run).Kind);
        Assert.Equal(AttemptStatus.TimedOut, Assert.Single(StepOf(run, "a").Attempts).Status);
        await Assert.Single(Script.Calls()).CancelledAsync();
        Assert.Equal(1, (await LoadAsync("alpha")).TimedOut);
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Attempt_OutOfTime_GoesToTheFallback()
    {
        Script.On("alpha", call => call.HangAsync());

        var run = await RunAsync("""{"a": {"agent": "alpha", "timeout": "50ms", "fallback": ["bravo"]}}""");

        AssertCompleted(run);
    }

    [Fact]
    public async Task Run_OutOfTime_FailsAndCancelsWhatRuns()
    {
        Script.On("alpha", call => call.HangAsync());

        var run = await RunAsync("""{"a": {"agent": "alpha"}}""", "{}", """ "timeout": "100ms" """);

        Assert.Equal(ErrorKind.Timeout, AssertFailed(run).Kind);
        await Assert.Single(Script.Calls()).CancelledAsync();
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Run_OutOfTimeWhileWaitingForARetry_Fails()
    {
        Script.On("alpha", _ => throw new InvalidOperationException("not yet"));

        var run = await RunAsync(
            """{"a": {"agent": "alpha", "retry": {"max_attempts": 9, "backoff": "20s"}}}""", "{}", """ "timeout": "100ms" """);

        Assert.Equal(ErrorKind.Timeout, AssertFailed(run).Kind);
        Assert.Single(Script.Calls());
    }

    [Fact]
    public async Task Agent_IgnoresItsCancellation_GivesItsSlotBackAndItsResultCountsForNothing()
    {
        var late = Script.Gate();
        Script.On("solo", async call =>
        {
            if (call.Number == 1)
            {
                await late.Opened;
            }
            return call.Answer();
        });

        var run = await RunAsync("""{"a": {"agent": "solo", "timeout": "50ms"}}""");
        var next = await RunAsync("""{"a": {"agent": "solo"}}""");
        late.Open();
        await Script.Calls()[0].EndedAsync();
        await AllSlotsFreeAsync();

        AssertFailed(run);
        AssertCompleted(next);
        AssertFailed((await Grid.GetRunAsync(run.Summary.RunId))!);
        Assert.Null(await Grid.GetOutputAsync(run.Summary.RunId, "a"));
        Assert.Equal(2, (await FeedAsync()).Count(e => e.EndsRun));
    }
}
