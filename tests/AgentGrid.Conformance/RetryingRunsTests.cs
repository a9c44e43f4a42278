using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Failed and cancelled runs that are let go on.</summary>
public abstract class RetryingRunsTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override bool KeepsEngine => true;

    private const string ThreeSteps = """
        {
          "a": {"agent": "alpha"},
          "b": {"agent": "bravo", "needs": ["a"]},
          "c": {"agent": "charlie", "needs": ["b"]}
        }
        """;

    [Fact]
    public async Task Retry_FromAStepOfACompletedRun_DoesThatStepAndWhatDependsOnItAnew()
    {
        var run = await RunAsync(
            """{"a": {"agent": "alpha"}, "b": {"agent": "bravo", "needs": ["a"]}, "c": {"agent": "charlie", "needs": ["b"]}}""");
        AssertCompleted(run);

        Assert.IsType<CommandResult.Done>(await Grid.RetryAsync(run.Summary.RunId, "b"));
        var again = (await Grid.WaitForEndAsync(run.Summary.RunId, Limits.Patience))!;

        AssertCompleted(again);
        Assert.Equal(["alpha", "bravo", "charlie", "bravo", "charlie"], Script.Calls().Select(c => c.Agent));
        var refused = Assert.IsType<CommandResult.Refused>(await Grid.RetryAsync(run.Summary.RunId, "x"));
        Assert.Equal(CommandCodes.UnknownStep, refused.Code);
    }

    [Fact]
    public async Task Retry_FailedRun_KeepsCompletedStepsAndCompletes()
    {
        Script.On("bravo", call => call.Number == 1 ? throw new InvalidOperationException("not yet") : new(call.Answer()));
        var failed = await RunAsync(ThreeSteps);
        AssertFailed(failed);

        var done = Assert.IsType<CommandResult.Done>(await Grid.RetryAsync(failed.Summary.RunId));

        Assert.True(done.Changed);
        var run = await EndOfAsync(failed.Summary);
        AssertCompleted(run);
        Assert.Null(run.Error);
        Assert.Equal(run.Summary.EndedAt - run.Summary.LastStartedAt, run.Summary.Duration);
        Assert.True(run.Summary.LastStartedAt > failed.Summary.EndedAt, $"{run.Summary} after {failed.Summary}");
        var listed = (await Grid.ListRunsAsync(new RunQuery(MatchId: run.Summary.MatchId))).Runs.Single();
        Assert.Equal(run.Summary.Duration, listed.Duration);
        Assert.Equal(["alpha", "bravo", "bravo", "charlie"], Script.Calls().Select(c => c.Agent));
        var tries = Script.Calls("bravo");
        Assert.NotEqual(tries[0].Invocation.IdempotencyKey, tries[1].Invocation.IdempotencyKey);
        Assert.Equal("alpha", tries[1].Invocation.Results["a"].Element.GetProperty("agent").GetString());
    }

    [Fact]
    public async Task Retry_CancelledRun_KeepsCompletedStepsAndCompletes()
    {
        Script.On("bravo", call => call.Number == 1 ? call.HangAsync() : new(call.Answer()));
        var run = await AcceptAsync(ThreeSteps);
        await Script.StartedAsync("bravo");
        await Grid.CancelAsync(run.RunId);
        await EndOfAsync(run);

        Assert.IsType<CommandResult.Done>(await Grid.RetryAsync(run.RunId));

        var ended = await EndOfAsync(run);
        AssertCompleted(ended);
        Assert.Null(ended.CancelReason);
        Assert.Single(Script.Calls("alpha"));
        Assert.Equal(2, Script.Calls("bravo").Count);
    }

    [Fact]
    public async Task Retry_AfterARestart_StillKeepsCompletedSteps()
    {
        Script.On("bravo", call => call.Number == 1 ? throw new InvalidOperationException("not yet") : new(call.Answer()));
        var run = (await RunAsync(ThreeSteps)).Summary;
        await Host.StopAsync();
        await Host.StartAsync(Setup);

        Assert.IsType<CommandResult.Done>(await Grid.RetryAsync(run.RunId));

        AssertCompleted(await EndOfAsync(run));
        Assert.Single(Script.Calls("alpha"));
    }

    [Fact]
    public async Task Retry_CompletedRun_IsRefused()
    {
        var run = await RunAsync(ThreeSteps);

        var refused = Assert.IsType<CommandResult.Refused>(await Grid.RetryAsync(run.Summary.RunId));

        Assert.Equal(RunStatus.Completed, refused.Run.Status);
        Assert.Equal(3, Script.Calls().Count);
    }

    [Fact]
    public async Task Retry_RunningRun_ChangesNothing()
    {
        Script.On("alpha", call => call.HangAsync());
        var run = await AcceptAsync(ThreeSteps);
        Call call = await Script.StartedAsync("alpha");

        var result = await Grid.RetryAsync(run.RunId);

        Assert.True(result is CommandResult.Refused or CommandResult.Done { Changed: false }, result.ToString());
        Assert.False(call.Cancellation.IsCancellationRequested);
        Assert.Single(Script.Calls());
    }

    [Fact]
    public async Task Retry_UnknownRun_IsNotFound() =>
        Assert.IsType<CommandResult.NotFound>(await Grid.RetryAsync(RunId.Parse("0123456789abcdef0123456789abcdef")));
}
