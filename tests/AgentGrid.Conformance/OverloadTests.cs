using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Promise 6: overload is an answer, not an outage.</summary>
public abstract class OverloadTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override GridSetup Setup { get; } = new() { MaxActiveRuns = 2, MaxQueuedRuns = 3 };

    private const string OneStep = """{"a": {"agent": "alpha"}}""";

    [Fact]
    public async Task Submit_PastTheLimits_IsRefusedAndNothingIsKept()
    {
        var gate = Script.Gate();
        Script.On("alpha", call => call.AnswerAfterAsync(gate));
        var runs = await FillAsync();
        var health = await Grid.GetHealthAsync();
        Assert.Equal((2, 3), (health.ActiveRuns, health.QueuedRuns));
        var last = (await FeedAsync()).Count;

        var request = Request(OneStep);
        var overloaded = Assert.IsType<SubmitResult.Overloaded>(await Grid.SubmitAsync(request));

        Assert.True(overloaded.RetryAfter > TimeSpan.Zero);
        Assert.Equal(5, (await Grid.ListRunsAsync(new RunQuery())).Runs.Length);
        Assert.Equal(last, (await FeedAsync()).Count);
        gate.Open();
        foreach (var run in runs)
        {
            AssertCompleted(await EndOfAsync(run));
        }
        AssertCompleted(await EndOfAsync(await AcceptAsync(request)));
    }

    [Fact]
    public async Task Retry_PastTheLimits_IsRefusedAndChangesNothing()
    {
        var gate = Script.Gate();
        Script.On("alpha", call => call.AnswerAfterAsync(gate));
        var ended = await AcceptAsync(OneStep);
        Assert.IsType<CommandResult.Done>(await Grid.CancelAsync(ended.RunId));
        var runs = await FillAsync();
        var last = (await FeedAsync()).Count;

        var overloaded = Assert.IsType<CommandResult.Overloaded>(await Grid.RetryAsync(ended.RunId));

        Assert.True(overloaded.RetryAfter > TimeSpan.Zero);
        Assert.Equal(RunStatus.Cancelled, (await Grid.GetRunAsync(ended.RunId))!.Summary.Status);
        Assert.Equal(last, (await FeedAsync()).Count);
        gate.Open();
        foreach (var run in runs)
        {
            AssertCompleted(await EndOfAsync(run));
        }
        Assert.IsType<CommandResult.Done>(await Grid.RetryAsync(ended.RunId));
        AssertCompleted(await EndOfAsync(ended));
    }

    [Fact]
    public async Task Submit_KnownKeyWhileFull_IsReplayed()
    {
        var gate = Script.Gate();
        Script.On("alpha", call => call.AnswerAfterAsync(gate));
        var request = Request(OneStep);
        var run = await AcceptAsync(request);
        await Script.StartedAsync("alpha");
        await FillAsync(alreadyActive: 1);

        Assert.Equal(run.RunId, Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(request)).Run.RunId);
    }

    [Fact]
    public async Task Submit_ManyAtOnce_KeepsTheLimitAndRunsWhatItAccepted()
    {
        var gate = Script.Gate();
        Script.On("alpha", call => call.AnswerAfterAsync(gate));

        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ =>
            Task.Run(() => Grid.SubmitAsync(Request(OneStep)).AsTask())));
        gate.Open();

        var accepted = results.OfType<SubmitResult.Accepted>().ToArray();
        Assert.InRange(accepted.Length, 3, 5);
        Assert.Equal(100 - accepted.Length, results.OfType<SubmitResult.Overloaded>().Count());
        foreach (var run in accepted)
        {
            AssertCompleted(await EndOfAsync(run.Run));
        }
        Assert.Equal(accepted.Length, Script.Calls().Count);
    }

    private async Task<List<RunSummary>> FillAsync(int alreadyActive = 0)
    {
        var runs = new List<RunSummary>();
        for (var i = alreadyActive; i < 2; i++)
        {
            var run = await AcceptAsync(OneStep);
            runs.Add(run);
            await Script.StartedAsync("alpha", i + 1);
            // The agent may be at work before this is in the feed.
            await SeenAsync(run, "alpha:start");
        }
        for (var i = 0; i < 3; i++)
        {
            runs.Add(await AcceptAsync(OneStep));
        }
        return runs;
    }
}
