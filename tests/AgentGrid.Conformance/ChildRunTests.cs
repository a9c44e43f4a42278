using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>
/// Steps whose work runs of other plans do. There is a place for one run alone, which a parent does not keep while it only waits for
/// its children.
/// </summary>
public abstract class ChildRunTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    private const string OneChild = """{"r": {"plan": "leaf"}, "after": {"needs": ["r"], "agent": "bravo"}}""";

    protected override bool KeepsEngine => true;

    protected override GridSetup Setup { get; } = new()
    {
        MaxActiveRuns = 1,
        MaxQueuedRuns = 0,
        Files =
        [
            Actors.Config,
            new ConfigFile("plans/leaf.yaml", "plans: { leaf: { steps: { a: { agent: alpha } }, result: { did: a.agent } } }"),
            new ConfigFile("plans/branch.yaml", """
                plans:
                  branch:
                    labels: { env: prod, tier: low }
                    input_schema: { required: [script] }
                    steps: { l: { plan: leaf } }
                    result: { leaf: l }
                """),
        ],
    };

    private string Input => $$"""{"script": "{{Script.Id}}", "list": [10, 20, 30]}""";

    [Fact]
    public async Task Plan_OfAStep_IsARunOfItsOwnAndItsResultTheOutput()
    {
        var request = Request("""{"r": {"plan": "branch", "with": {"script": "input.script"}}}""", Input) with
        {
            Priority = 7,
            Tenant = "ann",
            Labels = Labels.Of(("team", "blue"), ("env", "test")),
        };
        var run = await EndOfAsync(await AcceptAsync(request));

        AssertCompleted(run);
        Assert.Equal("""{"leaf":{"did":"alpha"}}""", StepOf(run, "r").Output!.ToString());
        var attempt = Assert.Single(StepOf(run, "r").Attempts);
        Assert.Equal(("plan:branch", null), (attempt.Agent, attempt.Node));
        var child = (await Grid.GetRunAsync(attempt.Run!.Value))!;
        AssertCompleted(child);
        Assert.Equal((run.Summary.RunId, "r", 1, 1), (child.Parent!.Run, child.Parent.Step, child.Parent.Attempt, child.Parent.Depth));
        Assert.Equal($$"""{"script":"{{Script.Id}}"}""", child.Input.ToString());
        Assert.Equal(("ann", "env:test, team:blue, tier:low"), (child.Tenant, child.Summary.Labels?.ToString()));
        var grandchild = (await Grid.GetRunAsync(Assert.Single(StepOf(child, "l").Attempts).Run!.Value))!;
        Assert.Equal((child.Summary.RunId, 2), (grandchild.Parent!.Run, grandchild.Parent.Depth));
        Assert.Equal(3, (await Grid.ListRunsAsync(new RunQuery { Labels = Labels.Of(("team", "blue")) })).Runs.Length);

        // Nobody gets hold of the key of a child, whatever is posted.
        var (key, input) = (new RunKey(child.Summary.MatchId, child.Summary.Round), child.Input);
        Assert.IsType<SubmitResult.Invalid>(await Grid.SubmitAsync(new SubmitRun(key, input, "branch")));
        Assert.IsType<SubmitResult.Invalid>(await Grid.SubmitAsync(new SubmitRun(key with { Round = "2" }, input, "branch")));
    }

    [Fact]
    public async Task Crash_WhileAChildRuns_TheSameChildIsWaitedFor()
    {
        var gate = Script.Gate();
        Script.On("alpha", call => call.AnswerAfterAsync(gate));
        var run = await AcceptAsync(OneChild, Input);
        await Script.StartedAsync("alpha");

        await Host.CrashAsync();
        await Host.StartAsync(Setup);
        gate.Open();

        var ended = await EndOfAsync(run);
        AssertCompleted(ended);
        var attempt = Assert.Single(StepOf(ended, "r").Attempts);
        Assert.Equal(0, attempt.Losses);
        Assert.Equal([attempt.Run!.Value, run.RunId], (await Grid.ListRunsAsync(new RunQuery(Limit: 2))).Runs.Select(static r => r.RunId));
        Assert.Equal(ended.Summary.RunId, Assert.Single(Script.Calls("bravo")).Invocation.RunId);
    }

    [Fact]
    public async Task Cancel_OfTheParent_CancelsTheChildAlsoThroughACrash()
    {
        Script.On("alpha", static call => call.HangAsync());
        var run = await AcceptAsync(OneChild, Input);
        await Script.StartedAsync("alpha");

        Assert.IsType<CommandResult.Done>(await Grid.CancelAsync(run.RunId));
        await Host.CrashAsync();
        await Host.StartAsync(Setup);

        var ended = await EndOfAsync(run);
        var child = await EndOfAsync((await Grid.GetRunAsync(Assert.Single(StepOf(ended, "r").Attempts).Run!.Value))!.Summary);
        Assert.Equal((RunStatus.Cancelled, RunStatus.Cancelled), (ended.Summary.Status, child.Summary.Status));
        Assert.Contains($"step 'r' of run {run.RunId}", child.CancelReason, StringComparison.Ordinal);
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Cancel_OfAChildAlone_FailsTheStepAndTheParentIsRetriedWithANewOne()
    {
        Script.On("alpha", static call => call.Number == 1 ? call.HangAsync() : new(call.Answer()));
        var run = await AcceptAsync(OneChild, Input);
        var child = (await Script.StartedAsync("alpha")).Invocation.RunId;

        Assert.IsType<CommandResult.Done>(await Grid.CancelAsync(child, "not this"));

        var error = AssertFailed(await EndOfAsync(run));
        Assert.Equal(ErrorCodes.ChildCancelled, error.Code);
        Assert.Contains("not this", error.Message, StringComparison.Ordinal);
        var refused = Assert.IsType<CommandResult.Refused>(await Grid.RetryAsync(child));
        Assert.Contains($"of run {run.RunId}", refused.Message, StringComparison.Ordinal);
        Assert.IsType<CommandResult.Done>(await Grid.RetryAsync(run.RunId));
        var ended = await EndOfAsync(run);
        AssertCompleted(ended);
        Assert.Equal(2, StepOf(ended, "r").Attempts.Length);
    }

    [Fact]
    public async Task Timeout_OfTheStep_CancelsTheChild()
    {
        Script.On("alpha", static call => call.HangAsync());
        var run = await AcceptAsync("""{"r": {"plan": "leaf", "timeout": "300ms"}}""", Input);

        var ended = await EndOfAsync(run);

        Assert.Equal(ErrorCodes.AttemptTimeout, AssertFailed(ended).Code);
        await Limits.EventuallyAsync(
            async () => await Grid.GetRunAsync(Assert.Single(StepOf(ended, "r").Attempts).Run!.Value) is null or { Summary.Status: RunStatus.Cancelled },
            static () => new ValueTask<string>("the child goes on"));
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Plan_ThatDoesNotTakeTheInput_FailsTheStep()
    {
        var error = AssertFailed(await RunAsync("""{"r": {"plan": "branch", "with": {"other": "input.list"}}}""", Input));

        Assert.Equal(ErrorCodes.ChildRefused, error.Code);
        Assert.Contains("script", error.Message, StringComparison.Ordinal);
        var unknown = Assert.IsType<SubmitResult.Invalid>(await Grid.SubmitAsync(Request("""{"r": {"plan": "leef"}}""", Input)));
        Assert.Contains("did you mean 'leaf'", Assert.Single(unknown.Problems).Message, StringComparison.Ordinal);
    }
}
