using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Promise 3: every accepted run ends, through any stop and any crash.</summary>
public abstract class RestartTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    private const string ThreeSteps = """
        {
          "a": {"agent": "alpha"},
          "b": {"agent": "bravo", "needs": ["a"]},
          "c": {"agent": "charlie", "needs": ["b"]}
        }
        """;

    [Fact]
    public async Task Stop_RunningAttempt_IsDrainedAndNotRepeated()
    {
        var gate = Script.Gate();
        Script.On("alpha", call => call.AnswerAfterAsync(gate));
        var run = await AcceptAsync(ThreeSteps);
        await Script.StartedAsync("alpha");

        var stopping = Host.StopAsync();
        gate.Open();
        await stopping;
        await Host.StartAsync(Setup);

        AssertCompleted(await EndOfAsync(run));
        Assert.Single(Script.Calls("alpha"));
    }

    [Fact]
    public async Task Stop_DrainedAgent_StaysDrainedUntilItIsUndrained()
    {
        Assert.True(await Grid.DrainAgentAsync("alpha", drained: true));
        await Host.StopAsync();
        await Host.StartAsync(Setup);

        Assert.True(Assert.Single(await Grid.GetAgentsAsync(), a => a.Config.Name == "alpha").Drained);
        Assert.Equal(["alpha"], (await Grid.GetHealthAsync()).DrainedAgents);
        Assert.True(await Grid.DrainAgentAsync("alpha", drained: false));
        await Host.StopAsync();
        await Host.StartAsync(Setup);

        Assert.False(Assert.Single(await Grid.GetAgentsAsync(), a => a.Config.Name == "alpha").Drained);
    }

    [Fact]
    public async Task Stop_AttemptThatDoesNotEnd_IsDeliveredAgainAfterTheStart()
    {
        await Host.StopAsync();
        await Host.StartAsync(Setup with { DrainTimeout = TimeSpan.FromMilliseconds(50) });
        Script.On("alpha", call => call.Number == 1 ? call.HangAsync() : new(call.Answer()));
        var run = await AcceptAsync(ThreeSteps);
        await Script.StartedAsync("alpha");

        await Host.StopAsync();
        await Host.StartAsync(Setup);

        AssertCompleted(await EndOfAsync(run));
        Assert.Equal(2, Script.Calls("alpha").Count);
    }

    [Fact]
    public async Task Stop_WaitingAndRetryingRuns_GoOnAfterTheStart()
    {
        var gate = Script.Gate();
        Script.On("solo", call => call.AnswerAfterAsync(gate));
        Script.On("alpha", call => call.Number == 1 ? throw new InvalidOperationException("not yet") : new(call.Answer()));
        var holding = await AcceptAsync("""{"a": {"agent": "solo"}}""");
        await Script.StartedAsync("solo");
        var waiting = await AcceptAsync("""{"a": {"agent": "solo"}}""");
        await WaitingAsync("solo", 1);
        var retrying = await AcceptAsync("""{"a": {"agent": "alpha", "retry": {"max_attempts": 2, "backoff": "300ms"}}}""");
        await SeenAsync(retrying, "alpha:error");

        var stopping = Host.StopAsync();
        gate.Open();
        await stopping;
        await Host.StartAsync(Setup);

        foreach (var run in new[] { holding, waiting, retrying })
        {
            AssertCompleted(await EndOfAsync(run));
        }
        Assert.Equal(2, Script.Calls("solo").Count);
        Assert.Equal(2, Script.Calls("alpha").Count);
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Crash_RightAfterAcceptance_LosesNothing()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => AcceptAsync(ThreeSteps)));

        await CrashAndStartAsync();

        foreach (var run in runs)
        {
            AssertCompleted(await EndOfAsync(run));
        }
        Assert.Equal(20, (await FeedAsync()).Count(e => e.EndsRun));
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Crash_DuringAnAttempt_DeliversItAgainWithTheSameKey()
    {
        Script.On("bravo", call => call.Number == 1 ? call.HangAsync() : new(call.Answer()));
        var run = await AcceptAsync(ThreeSteps);
        await Script.StartedAsync("bravo");
        await SeenAsync(run, "bravo:start");

        await CrashAndStartAsync();

        var ended = await EndOfAsync(run);
        AssertCompleted(ended);
        Assert.Single(Script.Calls("alpha"));
        // At least once more: where a busy machine takes a node for dead, again.
        var deliveries = Script.Calls("bravo");
        Assert.InRange(deliveries.Count, 2, 1 + RunLimits.Default.MaxLosses);
        Assert.Single(deliveries.Select(d => d.Invocation.IdempotencyKey).Distinct());
        Assert.InRange(Assert.Single(StepOf(ended, "b").Attempts).Losses, 1, RunLimits.Default.MaxLosses);
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Crash_AfterTheEnd_KeepsResultFeedAndKey()
    {
        var request = Request(ThreeSteps);
        var before = await EndOfAsync(await AcceptAsync(request));
        var feed = await FeedAsync();

        await CrashAndStartAsync();

        var after = await Grid.GetRunAsync(before.Summary.RunId);
        Assert.Equal(before.Result, after!.Result);
        Assert.Equal(before.Summary, after.Summary);
        Assert.Equal(before.Steps.Length, after.Steps.Length);
        Assert.Equal(feed.Select(e => (e.Seq, e.Stage, e.RunId)), (await FeedAsync()).Select(e => (e.Seq, e.Stage, e.RunId)));
        Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(request));
        Assert.Equal(3, Script.Calls().Count);
    }

    [Fact]
    public async Task Crash_AfterACancel_StaysCancelled()
    {
        Script.On("alpha", call => call.HangAsync());
        var run = await AcceptAsync(ThreeSteps);
        await Script.StartedAsync("alpha");
        await Grid.CancelAsync(run.RunId, "enough");

        await CrashAndStartAsync();

        Assert.Equal("enough", (await EndOfAsync(run)).CancelReason);
        Assert.Single(Script.Calls());
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Crash_QueuedRuns_StartAfterwards()
    {
        await Host.StopAsync();
        await Host.StartAsync(Setup with { MaxActiveRuns = 1 });
        Script.On("alpha", call => call.Number == 1 ? call.HangAsync() : new(call.Answer()));
        var first = await AcceptAsync(ThreeSteps);
        await Script.StartedAsync("alpha");
        var queued = await AcceptAsync(ThreeSteps);

        await CrashAndStartAsync(Setup with { MaxActiveRuns = 1 });

        AssertCompleted(await EndOfAsync(first));
        AssertCompleted(await EndOfAsync(queued));
    }

    [Fact]
    public async Task Crash_DuringABackoff_TriesAgainWhenItIsTime()
    {
        Script.On("alpha", call => call.Number == 1 ? throw new InvalidOperationException("not yet") : new(call.Answer()));
        var run = await AcceptAsync("""
            {"a": {"agent": "alpha", "retry": {"max_attempts": 2, "backoff": "400ms", "jitter": 0}}}
            """);
        await SeenAsync(run, "alpha:error");

        await CrashAndStartAsync();

        var ended = await EndOfAsync(run);
        AssertCompleted(ended);
        var attempts = StepOf(ended, "a").Attempts;
        Assert.Equal(2, attempts.Length);
        Assert.True(attempts[1].StartedAt >= attempts[0].RetryAt, "The retry began before its time.");
    }

    // That nobody was there is not the agent's fault.
    [Fact]
    public async Task Crash_ForLongerThanTheTimeout_DeliversTheAttemptAgain()
    {
        Script.On("alpha", call => CallsBefore(call) == 0 ? call.HangAsync() : new(call.Answer()));

        // The crash must come within the time, and after it the answer.
        var ended = await InEnoughTimeAsync(
            TimeSpan.FromSeconds(1.5),
            async limit =>
            {
                var run = await AcceptAsync(
                    $$"""{"a": {"agent": "alpha", "timeout": "{{limit.TotalMilliseconds}}ms"} }""");
                await SeenAsync(run, "alpha:start");
                await Host.CrashAsync();
                await Task.Delay(limit + TimeSpan.FromMilliseconds(200));
                await Host.StartAsync(Setup);
                return await EndOfAsync(run);
            },
            enough: r => r.Summary.Status == RunStatus.Completed);

        AssertCompleted(ended);
        // Where a busy machine takes a node for dead, it may be lost once more.
        Assert.InRange(Assert.Single(StepOf(ended, "a").Attempts).Losses, 1, RunLimits.Default.MaxLosses);

        int CallsBefore(Call call) =>
            Script.Calls().TakeWhile(c => c != call).Count(c => c.Invocation.RunId == call.Invocation.RunId);
    }

    [Fact]
    public async Task Crash_AttemptThatRunsOutOfTime_StillTimesOut()
    {
        Script.On("alpha", call => call.HangAsync());
        var run = await AcceptAsync("""{"a": {"agent": "alpha", "timeout": "200ms"}}""");
        await SeenAsync(run, "alpha:start");

        await CrashAndStartAsync();

        Assert.Equal(ErrorKind.Timeout, AssertFailed(await EndOfAsync(run)).Kind);
        await AllSlotsFreeAsync();
    }

    // As when an agent takes its process down with it, before anything that was said of it is durable.
    [Fact]
    public async Task Crash_AtTheMomentTheAgentStarts_EndsTheRunAllTheSame()
    {
        Script.On("alpha", call => call.HangAsync());
        var run = await AcceptAsync(ThreeSteps);

        // The first start may leave no trace, every further one does.
        var most = RunLimits.Default.MaxLosses + 2;
        var start = 1;
        while (true)
        {
            await Limits.EventuallyAsync(
                async () => Script.Calls("alpha").Count >= start || await EndedAsync(),
                () => new($"neither start {start} nor the end"));
            if (await EndedAsync())
            {
                break;
            }
            Assert.InRange(start++, 1, most);
            await CrashAndStartAsync();
        }

        Assert.Equal(ErrorKind.Lost, AssertFailed(await EndOfAsync(run)).Kind);

        async Task<bool> EndedAsync() => (await Grid.GetRunAsync(run.RunId))!.Summary.Status.IsEnded();
    }

    [Fact]
    public async Task Crash_Reader_GoesOnWhereItWas()
    {
        Script.On("bravo", call => call.Number == 1 ? call.HangAsync() : new(call.Answer()));
        var run = await AcceptAsync(ThreeSteps);
        await SeenAsync(run, "bravo:start");
        var before = await FeedAsync();

        await CrashAndStartAsync();
        await EndOfAsync(run);

        var after = await FeedAsync(new FeedQuery(before[^1].Seq));
        NoGap(after, before[^1].Seq);
        Assert.Equal((await FeedAsync()).Count, before.Count + after.Count);
    }

    private async Task CrashAndStartAsync(GridSetup? setup = null)
    {
        await Host.CrashAsync();
        await Host.StartAsync(setup ?? Setup);
    }
}
