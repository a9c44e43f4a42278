using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Attempts and runs that are out of time, and agents that do not listen.</summary>
public abstract class TimeoutTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override GridSetup Setup { get; } = new() { CancelGrace = TimeSpan.FromMilliseconds(50) };

    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task Attempt_OutOfTime_IsCancelledAndFailsTheRun()
    {
        Script.On("alpha", call => call.HangAsync());
        var runs = 0;

        var run = await InEnoughTimeAsync(
            s_short,
            limit =>
            {
                runs++;
                return RunAsync($$"""{"a": {"agent": "alpha", "timeout": "{{limit.TotalMilliseconds}}ms"} }""");
            },
            enough: r => CallsOf(r).Count > 0);

        Assert.Equal(ErrorKind.Timeout, AssertFailed(run).Kind);
        Assert.Equal(AttemptStatus.TimedOut, Assert.Single(StepOf(run, "a").Attempts).Status);
        await Assert.Single(CallsOf(run)).CancelledAsync();
        Assert.Equal(runs, (await LoadAsync("alpha")).TimedOut);
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Attempt_OutOfTime_GoesToTheFallback()
    {
        Script.On("alpha", call => call.HangAsync());

        // The fallback has no more time than the first.
        var run = await InEnoughTimeAsync(
            s_short,
            limit => RunAsync($$"""
                {"a": {"agent": "alpha", "timeout": "{{limit.TotalMilliseconds}}ms", "fallback": ["bravo"]} }
                """),
            enough: r => r.Summary.Status == RunStatus.Completed);

        AssertCompleted(run);
        Assert.Equal(
            [("alpha", AttemptStatus.TimedOut), ("bravo", AttemptStatus.Succeeded)],
            StepOf(run, "a").Attempts.Select(a => (a.Agent, a.Status)));
    }

    [Fact]
    public async Task Run_OutOfTime_FailsAndCancelsWhatRuns()
    {
        Script.On("alpha", call => call.HangAsync());

        var run = await InEnoughTimeAsync(
            s_short,
            limit => RunAsync("""{"a": {"agent": "alpha"}}""", "{}", $""" "timeout": "{limit.TotalMilliseconds}ms" """),
            enough: r => CallsOf(r).Count > 0);

        Assert.Equal(ErrorKind.Timeout, AssertFailed(run).Kind);
        await Assert.Single(CallsOf(run)).CancelledAsync();
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Run_OutOfTimeWhileWaitingForARetry_Fails()
    {
        Script.On("alpha", _ => throw new InvalidOperationException("not yet"));

        var run = await InEnoughTimeAsync(
            s_short,
            limit => RunAsync(
                """{"a": {"agent": "alpha", "retry": {"max_attempts": 9, "backoff": "10m", "max_backoff": "10m"}}}""",
                "{}", $""" "timeout": "{limit.TotalMilliseconds}ms" """),
            enough: r => StepOf(r, "a").Attempts is [{ Status: AttemptStatus.Failed }]);

        Assert.Equal(AttemptStatus.Failed, Assert.Single(StepOf(run, "a").Attempts).Status);
        Assert.Equal(ErrorKind.Timeout, AssertFailed(run).Kind);
        Assert.Single(CallsOf(run));
    }

    [Fact]
    public async Task Agent_IgnoresItsCancellation_GivesItsSlotBackAndItsResultCountsForNothing()
    {
        var late = Script.Gate();
        var ignores = true;
        Script.On("solo", async call =>
        {
            if (Volatile.Read(ref ignores))
            {
                await late.Opened;
            }
            return call.Answer();
        });

        var run = await InEnoughTimeAsync(
            s_short,
            limit => RunAsync($$"""{"a": {"agent": "solo", "timeout": "{{limit.TotalMilliseconds}}ms"} }"""),
            enough: r => CallsOf(r).Count > 0);
        Volatile.Write(ref ignores, false);
        var next = await RunAsync("""{"a": {"agent": "solo"}}""");
        late.Open();
        await Assert.Single(CallsOf(run)).EndedAsync();
        await AllSlotsFreeAsync();

        AssertFailed(run);
        AssertCompleted(next);
        AssertFailed((await Grid.GetRunAsync(run.Summary.RunId))!);
        Assert.Null(await Grid.GetOutputAsync(run.Summary.RunId, "a"));
        Assert.Single(await FeedAsync(new FeedQuery(RunId: run.Summary.RunId)), e => e.EndsRun);
        Assert.Single(await FeedAsync(new FeedQuery(RunId: next.Summary.RunId)), e => e.EndsRun);
    }
}
