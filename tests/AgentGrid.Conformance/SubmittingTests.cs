using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Promise 1 and 2: accepted means durable, and the same key is the same run.</summary>
public abstract class SubmittingTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override bool KeepsEngine => true;

    private const string OneStep = """{"a": {"agent": "alpha"}}""";

    [Fact]
    public async Task Submit_NewKey_IsVisibleAtOnceAndCompletes()
    {
        var gate = Script.Gate();
        Script.On("alpha", call => call.AnswerAfterAsync(gate));
        var request = Request(OneStep, """{"grid_snapshot": {"players": []}}""");

        var run = await AcceptAsync(request);

        var details = await Grid.GetRunAsync(run.RunId);
        Assert.NotNull(details);
        Assert.Equal(request.Key.MatchId, details.Summary.MatchId);
        Assert.Equal(request.Key.Round, details.Summary.Round);
        Assert.Equal(request.Input, details.Input);
        Assert.False(details.Summary.Status.IsEnded());
        Assert.NotEmpty(await FeedAsync());
        gate.Open();
        AssertCompleted(await EndOfAsync(run));
    }

    [Fact]
    public async Task Submit_SameKeyFiftyTimesAtOnce_StartsOneRunAndOneInvocation()
    {
        var request = Request(OneStep, """{"grid_snapshot": {"n": 1}}""");
        var together = Script.Gate("together");

        var submissions = Enumerable.Range(0, 50).Select(_ => Task.Run(async () =>
        {
            await together.Opened;
            return await Grid.SubmitAsync(request);
        })).ToArray();
        together.Open();
        var results = await Task.WhenAll(submissions);

        var run = Assert.Single(results.OfType<SubmitResult.Accepted>()).Run;
        Assert.Equal(49, results.OfType<SubmitResult.Replayed>().Count(r => r.Run.RunId == run.RunId));
        AssertCompleted(await EndOfAsync(run));
        Assert.Single(Script.Calls());
    }

    [Fact]
    public async Task Submit_SameKeyOtherInput_ConflictsAndSaysWhatDiffers()
    {
        var first = Request(OneStep, """{"grid_snapshot": {"players": [{"id": "p1", "role": "entry"}]}}""");
        var run = await AcceptAsync(first);

        var result = await Grid.SubmitAsync(first with
        {
            Input = Json.Parse("""{"grid_snapshot": {"players": [{"id": "p1", "role": "support"}]}}"""),
        });

        var conflict = Assert.IsType<SubmitResult.Conflict>(result);
        Assert.Equal(run.RunId, conflict.Run.RunId);
        Assert.Contains(conflict.Differences, d => d.Contains("grid_snapshot.players[0].role", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Submit_KeyOfEndedRun_IsReplayedWithAnEventAndNoInvocation()
    {
        var request = Request(OneStep, """{"a": 1, "b": [true, null]}""");
        var run = await AcceptAsync(request);
        await EndOfAsync(run);

        // Spelled otherwise, it is the same content.
        var replayed = Assert.IsType<SubmitResult.Replayed>(
            await Grid.SubmitAsync(request with { Input = Json.Parse("""{ "b":[true,null], "a":1 }""") }));

        Assert.Equal(run.RunId, replayed.Run.RunId);
        Assert.Equal(RunStatus.Completed, replayed.Run.Status);
        await SeenAsync(run, "skipped");
        Assert.Single(Script.Calls());
        Assert.Single(await FeedAsync(), e => e.EndsRun);
    }

    [Fact]
    public async Task Submit_InvalidPlan_SaysWhyAndKeepsNothing()
    {
        var request = Request(OneStep);

        var result = await Grid.SubmitAsync(request with
        {
            InlinePlan = Json.Parse("""{"steps": {"a": {"agent": "alpha", "timout": "1s"}}}"""),
        });

        var invalid = Assert.IsType<SubmitResult.Invalid>(result);
        Assert.Contains(invalid.Problems, p => p.ToString().Contains("timeout", StringComparison.Ordinal));
        Assert.Empty((await Grid.ListRunsAsync(new RunQuery(MatchId: request.Key.MatchId))).Runs);
        AssertCompleted(await EndOfAsync(await AcceptAsync(request)));
    }

    [Fact]
    public async Task Submit_UnknownPlanName_IsInvalid()
    {
        var request = Request(OneStep) with { InlinePlan = null, Plan = "no_such_plan" };

        var invalid = Assert.IsType<SubmitResult.Invalid>(await Grid.SubmitAsync(request));

        Assert.Contains(invalid.Problems, p => p.Message.Contains("no_such_plan", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WaitForEnd_OfRunningRun_ReturnsItAsItIsAfterTheTimeout()
    {
        Script.On("alpha", call => call.HangAsync());
        var run = await AcceptAsync(OneStep);
        await Script.StartedAsync("alpha");

        var details = await Grid.WaitForEndAsync(run.RunId, TimeSpan.FromMilliseconds(20));

        Assert.Equal(RunStatus.Running, details?.Summary.Status);
    }

    [Fact]
    public async Task EveryQuestion_AboutAnUnknownRun_AnswersNull()
    {
        var unknown = RunId.Parse("0123456789abcdef0123456789abcdef");

        Assert.Null(await Grid.GetRunAsync(unknown));
        Assert.Null(await Grid.WaitForEndAsync(unknown, TimeSpan.FromSeconds(1)));
        Assert.Null(await Grid.GetOutputAsync(unknown, "a"));
    }
}
