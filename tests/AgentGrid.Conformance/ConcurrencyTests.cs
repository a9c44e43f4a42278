using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Runs of a plan that are counted together.</summary>
public abstract class ConcurrencyTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override bool KeepsEngine => true;

    private const string OneStep = """{"a": {"agent": "alpha"}}""";
    private const string Waits = """{"w": {"wait": {"signal": "go"}}}""";

    [Fact]
    public async Task Queue_OneAtATime_AlsoAfterACrash()
    {
        var gate = Script.Gate();
        Script.On("alpha", call => call.AnswerAfterAsync(gate));
        var first = await AcceptAsync(Of(42));
        await SeenAsync(first, "orchestration:started");
        var second = await AcceptAsync(Of(42));
        var third = await AcceptAsync(Of(42));
        var other = await AcceptAsync(Of(43));
        var without = await AcceptAsync(Of(null));
        await SeenAsync(other, "orchestration:started");
        await SeenAsync(without, "orchestration:started");

        await Limits.EventuallyAsync(
            async () => (await DetailsAsync(second)).WaitsFor == $"1 of 1 runs with input.player = 42 is active: {first.RunId}",
            async () => $"it says: {(await DetailsAsync(second)).WaitsFor}");
        Assert.Null((await DetailsAsync(first)).WaitsFor);
        await Host.CrashAsync();
        await Host.StartAsync(Setup);
        Assert.Equal(RunStatus.Queued, (await DetailsAsync(second)).Summary.Status);
        gate.Open();

        var ends = new List<RunDetails>();
        foreach (var run in (RunSummary[])[first, second, third, other, without])
        {
            ends.Add(await EndOfAsync(run));
            AssertCompleted(ends[^1]);
        }
        var spans = ends.Take(3).Select(static r => (From: r.Summary.StartedAt, To: r.Summary.EndedAt)).OrderBy(static s => s.From).ToArray();
        Assert.True(spans[0].To <= spans[1].From && spans[1].To <= spans[2].From, string.Join(", ", spans));
    }

    // A run that only waits has been started: it counts, though it holds no place.
    [Fact]
    public async Task Queue_ARunThatOnlyWaits_Counts()
    {
        var waiting = await AcceptAsync(Of("x", Waits));
        await SeenAsync(waiting, "w:waiting");
        var next = await AcceptAsync(Of("x"));
        await Host.CrashAsync();
        await Host.StartAsync(Setup);
        await Limits.EventuallyAsync(
            async () => (await DetailsAsync(next)).WaitsFor is not null, () => new("it does not say that it waits"));

        Assert.IsType<CommandResult.Done>(await Grid.SignalAsync(waiting.RunId, "go", Json.Null));
        AssertCompleted(await EndOfAsync(waiting));
        AssertCompleted(await EndOfAsync(next));
    }

    [Fact]
    public async Task Reject_AnotherIsThere_KeepsNothing()
    {
        var asked = Of(7, Waits, policy: "reject");
        var first = await AcceptAsync(asked);
        var refused = Of(7, policy: "reject");
        var full = Assert.IsType<SubmitResult.GroupFull>(await Grid.SubmitAsync(refused));

        Assert.Equal((first.RunId, "7"), (full.Other, full.Group.Value));
        Assert.Empty((await Grid.ListRunsAsync(new RunQuery(MatchId: refused.Key.MatchId))).Runs);
        Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(asked));
        AssertCompleted(await EndOfAsync(await AcceptAsync(Of(8, policy: "reject"))));
        await Grid.CancelAsync(first.RunId);
        await Limits.EventuallyAsync(
            async () => await Grid.SubmitAsync(refused) is SubmitResult.Accepted or SubmitResult.Replayed, () => new("it is still refused"));
        Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(asked));
    }

    [Fact]
    public async Task Replace_OthersAreCancelled_AndItStartsThen()
    {
        var started = await AcceptAsync(Of("x", Waits, policy: "replace"));
        await SeenAsync(started, "w:waiting");
        var last = await AcceptAsync(Of("x", policy: "replace"));

        var replaced = await EndOfAsync(started);
        Assert.Equal((RunStatus.Cancelled, $"run {last.RunId} takes its place"), (replaced.Summary.Status, replaced.CancelReason));
        var end = await EndOfAsync(last);
        AssertCompleted(end);
        Assert.True(replaced.Summary.EndedAt <= end.Summary.StartedAt);

        // One that is retried is the newest then.
        var other = await AcceptAsync(Of("x", Waits, policy: "replace"));
        await SeenAsync(other, "w:waiting");
        Assert.IsType<CommandResult.Done>(await Grid.RetryAsync(started.RunId));
        Assert.Equal($"run {started.RunId} takes its place", (await EndOfAsync(other)).CancelReason);
        await Grid.CancelAsync(started.RunId);
    }

    [Fact]
    public async Task Value_ThatCannotBeCompared_IsRefused()
    {
        var invalid = Assert.IsType<SubmitResult.Invalid>(await Grid.SubmitAsync(Of(new[] { 1 })));

        var problem = Assert.Single(invalid.Problems);
        Assert.Equal(("input.player", CommandCodes.BadGroup), (problem.Path, problem.Code));
    }

    private SubmitRun Of(object? player, string steps = OneStep, int max = 1, string policy = "queue") => Request(
        steps, $$"""{"player": {{Json.From(player)}}}""",
        $$"""
        "concurrency": {"key": "input.player", "max": {{max}}, "policy": "{{policy}}"}
        """);

    private async Task<RunDetails> DetailsAsync(RunSummary run) => (await Grid.GetRunAsync(run.RunId))!;
}
