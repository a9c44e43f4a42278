using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Timeouts: what the run machine alone decides, so that one engine shows it for all.</summary>
public abstract class TimeoutDecisionTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override GridSetup Setup { get; } = new() { CancelGrace = TimeSpan.FromMilliseconds(50) };

    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(100);

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
}
