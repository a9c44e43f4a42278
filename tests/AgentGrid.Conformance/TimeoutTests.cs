using AgentGrid.Conformance.Hosting;
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
        var unreturned = Assert.Single((await LoadAsync("solo")).AbandonedAttempts);
        Assert.Equal((run.Summary.RunId, "a", 1), (unreturned.RunId, unreturned.Step, unreturned.Attempt));
        Assert.Null(unreturned.SlotHeldUntil);
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
