using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Runs that wait for signals and for people.</summary>
public abstract class WaitingTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    private const string Payment = """{"pay": {"wait": {"signal": "payment"}}, "a": {"needs": ["pay"], "agent": "alpha"}}""";

    private const string Review = """
        {"make": {"agent": "alpha"},
         "review": {"needs": ["make"], "approve": {"title": "Publish?", "by": ["ann"], "form": {
           "properties": {"stars": {"type": "integer", "maximum": 5}}, "required": ["stars"]}}}}
        """;

    protected override bool KeepsEngine => true;

    protected override GridSetup Setup { get; } = new() { MaxActiveRuns = 1 };

    // With a place for one run, a second goes through while the first waits, also after a crash.
    [Fact]
    public async Task Wait_RunThatWaits_KeepsNoOtherFromBeingDriven()
    {
        var waiting = await WaitingAsync(Payment, "pay");
        AssertCompleted(await RunAsync("""{"b": {"agent": "bravo"}}"""));

        await Host.CrashAsync();
        await Host.StartAsync(Setup);
        Assert.Equal(1, (await Grid.GetRunAsync(waiting.RunId))!.Summary.Waits);
        AssertCompleted(await RunAsync("""{"b": {"agent": "bravo"}}"""));

        var done = Assert.IsType<CommandResult.Done>(await Grid.SignalAsync(waiting.RunId, "payment", Json.Parse("""{"amount":3}""")));
        Assert.True(done.Changed);
        var ended = await EndOfAsync(waiting);
        AssertCompleted(ended);
        Assert.Equal("""{"amount":3}""", StepOf(ended, "pay").Output!.ToString());
        AssertCompleted(await RunAsync("""{"b": {"agent": "bravo"}}"""));
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Signal_BeforeAnybodyWaits_SurvivesACrash()
    {
        var gate = Script.Gate();
        Script.On("alpha", call => call.AnswerAfterAsync(gate));
        var run = await AcceptAsync("""{"a": {"agent": "alpha"}, "pay": {"needs": ["a"], "wait": {"signal": "payment"}}}""");
        await Script.StartedAsync("alpha");

        Assert.IsType<CommandResult.Done>(await Grid.SignalAsync(run.RunId, "payment", Json.Parse("7"), by: "shop", key: "k1"));
        await Host.CrashAsync();
        await Host.StartAsync(Setup);
        gate.Open();

        var ended = await EndOfAsync(run);
        AssertCompleted(ended);
        Assert.Equal("7", StepOf(ended, "pay").Output!.ToString());
        var received = Assert.Single(ended.Signals);
        Assert.Equal(("payment", "k1", "shop", "pay"), (received.Name, received.Key, received.By, received.Step));
        var again = Assert.IsType<CommandResult.Done>(await Grid.SignalAsync(run.RunId, "payment", Json.Parse("7"), key: "k1"));
        Assert.False(again.Changed);
        Assert.Equal(CommandCodes.SignalKeyTaken, await RefusedAsync(run, "payment", "8", "k1"));
        Assert.Equal(CommandCodes.NotSignalable, await RefusedAsync(run, "payment", "7"));
    }

    [Fact]
    public async Task Signal_SentByManyAtOnce_IsTakenOnce()
    {
        var run = await WaitingAsync(Payment, "pay");

        var same = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            _ => Grid.SignalAsync(run.RunId, "payment", Json.Parse("1"), key: "k").AsTask()));
        Assert.Single(same, r => Assert.IsType<CommandResult.Done>(r).Changed);

        AssertCompleted(await EndOfAsync(run));
        Assert.Single(await FeedAsync(new(RunId: run.RunId, Stage: "payment:received")));
    }

    [Fact]
    public async Task Signal_ThatNobodyWaitsFor_IsRefusedWithAReason()
    {
        var run = await WaitingAsync(Payment, "pay");

        Assert.Equal(CommandCodes.UnknownSignal, await RefusedAsync(run, "paymant", "1"));
        Assert.Equal(CommandCodes.BadSignal, await RefusedAsync(run, "payment", "\"\\ud800\""));
        Assert.IsType<CommandResult.NotFound>(await Grid.SignalAsync(RunId.From(Guid.NewGuid()), "payment", Json.Null));
        Assert.IsType<CommandResult.Done>(await Grid.CancelAsync(run.RunId));
        Assert.Equal(CommandCodes.NotSignalable, await RefusedAsync(run, "payment", "1"));
    }

    [Fact]
    public async Task Approve_ByWhomThePlanNames_LetsTheRunGoOn()
    {
        var run = await WaitingAsync(Review, "review");

        var listed = Assert.Single((await Grid.ListRunsAsync(new RunQuery(Activity: RunActivity.WaitingForApproval))).Runs);
        Assert.Equal((run.RunId, 1, 1), (listed.RunId, listed.Waits, listed.WaitingApprovals));
        Assert.Equal("Publish?", StepOf((await Grid.GetRunAsync(run.RunId))!, "review").Wait!.Approval!.Title);
        Assert.Equal(CommandCodes.NotYours, await RefusedAsync(run, "review", """{"approved":true,"values":{"stars":1}}"""));
        var refused = Assert.IsType<CommandResult.Refused>(
            await Grid.DecideAsync(run.RunId, "review", true, values: Json.Parse("""{"stars":6}"""), by: "ann"));
        Assert.Contains("values.stars: expected at most 5, got 6", refused.Message, StringComparison.Ordinal);

        Assert.IsType<CommandResult.Done>(
            await Grid.DecideAsync(run.RunId, "review", true, "fine", Json.Parse("""{"stars":4}"""), by: "ann"));

        var ended = await EndOfAsync(run);
        AssertCompleted(ended);
        var output = StepOf(ended, "review").Output!.Element;
        Assert.Equal(("ann", "fine", 4), (
            output.GetProperty("by").GetString(), output.GetProperty("comment").GetString(),
            output.GetProperty("values").GetProperty("stars").GetInt32()));
        Assert.Empty((await Grid.ListRunsAsync(new RunQuery(Activity: RunActivity.WaitingForApproval))).Runs);
    }

    [Fact]
    public async Task Approve_Rejected_FailsTheRunAndCanBeAskedAgain()
    {
        var run = await WaitingAsync(Review, "review");

        Assert.IsType<CommandResult.Done>(await Grid.DecideAsync(run.RunId, "review", false, "too dark", by: "ann"));
        Assert.Equal(ErrorCodes.Rejected, AssertFailed(await EndOfAsync(run)).Code);

        Assert.IsType<CommandResult.Done>(await Grid.RetryAsync(run.RunId));
        await UntilWaitsAsync(run, "review");
        Assert.IsType<CommandResult.Done>(
            await Grid.DecideAsync(run.RunId, "review", true, values: Json.Parse("""{"stars":1}"""), by: "ann"));
        AssertCompleted(await EndOfAsync(run));
        Assert.Single(Script.Calls("alpha"));
    }

    private async Task<RunSummary> WaitingAsync(string steps, string step)
    {
        var run = await AcceptAsync(steps);
        await UntilWaitsAsync(run, step);
        return run;
    }

    // Until others than the run's driver see it as well.
    private async Task UntilWaitsAsync(RunSummary run, string step)
    {
        await SeenAsync(run, $"{step}:waiting");
        await Limits.EventuallyAsync(
            async () => (await Grid.GetRunAsync(run.RunId))!.Summary is { OnlyWaits: true },
            async () => Describe((await Grid.GetRunAsync(run.RunId))!));
    }

    private async Task<string> RefusedAsync(RunSummary run, string name, string data, string? key = null) =>
        Assert.IsType<CommandResult.Refused>(await Grid.SignalAsync(run.RunId, name, Json.Parse(data), key: key)).Code;
}
