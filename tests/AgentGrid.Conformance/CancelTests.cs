using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Runs that are asked to end.</summary>
public abstract class CancelTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override bool KeepsEngine => true;

    protected override GridSetup Setup { get; } = new() { MaxActiveRuns = 1 };

    private const string TwoSteps = """{"a": {"agent": "alpha"}, "b": {"agent": "bravo", "needs": ["a"]}}""";

    [Fact]
    public async Task Cancel_RunningRun_CancelsItsInvocationAndEndsIt()
    {
        Script.On("alpha", call => call.HangAsync());
        var run = await AcceptAsync(TwoSteps);
        var call = await Script.StartedAsync("alpha");

        var done = Assert.IsType<CommandResult.Done>(await Grid.CancelAsync(run.RunId, "the match is over"));

        Assert.True(done.Changed);
        Assert.Equal(RunStatus.Cancelled, done.Run.Status);
        await call.CancelledAsync();
        var details = await EndOfAsync(run);
        Assert.Equal(RunStatus.Cancelled, details.Summary.Status);
        Assert.Equal("the match is over", details.CancelReason);
        Assert.Equal(AttemptStatus.Cancelled, Assert.Single(StepOf(details, "a").Attempts).Status);
        Assert.Empty(Script.Calls("bravo"));
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Cancel_QueuedRun_NeverStartsIt()
    {
        var gate = Script.Gate();
        Script.On("alpha", call => call.AnswerAfterAsync(gate));
        var first = await AcceptAsync(TwoSteps);
        await Script.StartedAsync("alpha");
        var queued = await AcceptAsync(TwoSteps);
        Assert.Equal(RunStatus.Queued, (await Grid.GetRunAsync(queued.RunId))!.Summary.Status);

        Assert.True(Assert.IsType<CommandResult.Done>(await Grid.CancelAsync(queued.RunId)).Changed);
        Assert.Equal(0, (await Grid.GetHealthAsync()).QueuedRuns);
        gate.Open();

        AssertCompleted(await EndOfAsync(first));
        Assert.Equal(RunStatus.Cancelled, (await EndOfAsync(queued)).Summary.Status);
        Assert.DoesNotContain(Script.Calls(), c => c.Invocation.RunId == queued.RunId);
    }

    [Fact]
    public async Task Cancel_RunThatWaitsForASlot_TakesItOutOfTheLine()
    {
        await Host.StopAsync();
        await Host.StartAsync(Setup with { MaxActiveRuns = 10 });
        var gate = Script.Gate();
        Script.On("solo", call => call.AnswerAfterAsync(gate));
        var holder = await AcceptAsync("""{"a": {"agent": "solo"}}""");
        await Script.StartedAsync("solo");
        var waiting = await AcceptAsync("""{"a": {"agent": "solo"}}""");
        await WaitingAsync("solo", 1);

        Assert.IsType<CommandResult.Done>(await Grid.CancelAsync(waiting.RunId));
        await WaitingAsync("solo", 0);
        gate.Open();

        AssertCompleted(await EndOfAsync(holder));
        Assert.Single(Script.Calls("solo"));
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Cancel_Twice_ChangesNothingTheSecondTime()
    {
        Script.On("alpha", call => call.HangAsync());
        var run = await AcceptAsync(TwoSteps);
        await Grid.CancelAsync(run.RunId, "first");

        var again = Assert.IsType<CommandResult.Done>(await Grid.CancelAsync(run.RunId, "second"));

        Assert.False(again.Changed);
        Assert.Equal("first", (await EndOfAsync(run)).CancelReason);
        Assert.Single(await FeedAsync(), e => e.EndsRun);
    }

    [Fact]
    public async Task Cancel_TwentyTimesAtOnce_EndsTheRunOnce()
    {
        Script.On("alpha", call => call.HangAsync());
        var run = await AcceptAsync(TwoSteps);
        await Script.StartedAsync("alpha");

        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ =>
            Task.Run(() => Grid.CancelAsync(run.RunId).AsTask())));

        Assert.All(results, r => Assert.True(r is CommandResult.Done, r.ToString()));
        var done = results.Cast<CommandResult.Done>();
        Assert.Single(done, d => d.Changed);
        Assert.Single(await FeedAsync(), e => e.EndsRun);
    }

    [Fact]
    public async Task Cancel_CompletedRun_IsRefused()
    {
        var run = await RunAsync(TwoSteps);

        var refused = Assert.IsType<CommandResult.Refused>(await Grid.CancelAsync(run.Summary.RunId));

        Assert.Equal(RunStatus.Completed, refused.Run.Status);
        Assert.StartsWith("AG", refused.Code, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancel_UnknownRun_IsNotFound() =>
        Assert.IsType<CommandResult.NotFound>(
            await Grid.CancelAsync(RunId.Parse("0123456789abcdef0123456789abcdef")));
}
