using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>What can be asked about runs, agents and the engine itself.</summary>
public abstract class ListingTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override GridSetup Setup { get; } = new()
    {
        Files =
        [
            Actors.Config,
            new ConfigFile("plans/listed.yaml", "plans: { listed: { steps: { a: { agent: bravo } } } }"),
        ],
    };

    private const string OneStep = """{"a": {"agent": "alpha"}}""";

    [Fact]
    public async Task List_ByActivity_ShowsRunsThatWaitAndRunsThatRetry()
    {
        var gate = new Gate();
        Script.On("solo", call => call.AnswerAfterAsync(gate));
        Script.On("alpha", _ => throw new InvalidOperationException("alpha is broken"));
        const string solo = """{"a": {"agent": "solo"}}""";
        await AcceptAsync(solo);
        await Script.StartedAsync("solo");
        var waiting = await AcceptAsync(solo);
        var retrying = await AcceptAsync("""{"a": {"agent": "alpha", "retry": {"max_attempts": 2, "backoff": "10m", "max_backoff": "10m"}}}""");

        await ListedAsync(RunActivity.WaitingForSlot, waiting);
        await ListedAsync(RunActivity.Retrying, retrying);

        gate.Open();
        await EndOfAsync(waiting);
        Assert.Empty((await Grid.ListRunsAsync(new RunQuery(Activity: RunActivity.WaitingForSlot))).Runs);
        await Grid.CancelAsync(retrying.RunId);
        Assert.Empty((await Grid.ListRunsAsync(new RunQuery(Activity: RunActivity.Retrying))).Runs);
    }

    private Task ListedAsync(RunActivity activity, RunSummary run) => Limits.EventuallyAsync(
        async () => (await Grid.ListRunsAsync(new RunQuery(Activity: activity))).Runs is [var only]
            && only.RunId == run.RunId,
        () => new($"{activity} does not list {run.RunId} alone"));

    [Fact]
    public async Task List_ByAgent_ShowsRunsThatHadAnAttemptOfIt()
    {
        var gate = Script.Gate();
        Script.On("alpha", _ => throw new InvalidOperationException("alpha is broken"));
        Script.On("solo", call => call.AnswerAfterAsync(gate));
        var fallenBack = await AcceptAsync("""{"a": {"agent": "alpha", "fallback": ["bravo"]}}""");
        await EndOfAsync(fallenBack);
        var failed = await AcceptAsync(OneStep);
        await EndOfAsync(failed);
        const string solo = """{"a": {"agent": "bravo"}, "b": {"agent": "solo", "needs": ["a"]}}""";
        var running = await AcceptAsync(solo);
        await SeenAsync(running, "solo:start");
        var waiting = await AcceptAsync(solo);
        await SeenAsync(waiting, "solo:queued");

        Assert.Equal([failed.RunId, fallenBack.RunId], await IdsAsync(new RunQuery(Agent: "alpha")));
        Assert.Equal(
            [waiting.RunId, running.RunId, fallenBack.RunId], await IdsAsync(new RunQuery(Agent: "bravo")));
        Assert.Equal([waiting.RunId, running.RunId], await IdsAsync(new RunQuery(Agent: "solo")));
        Assert.Empty(await IdsAsync(new RunQuery(Agent: "charlie")));
        Assert.Empty(await IdsAsync(new RunQuery(Agent: "alph")));
        Assert.Equal([fallenBack.RunId], await IdsAsync(new RunQuery(RunStatus.Completed, Agent: "alpha")));
        Assert.Equal(
            [waiting.RunId], await IdsAsync(new RunQuery(Activity: RunActivity.WaitingForSlot, Agent: "bravo")));
        var page = await Grid.ListRunsAsync(new RunQuery(Agent: "alpha", Limit: 1));
        Assert.Equal(failed.RunId, Assert.Single(page.Runs).RunId);
        Assert.Equal(
            [fallenBack.RunId], await IdsAsync(new RunQuery(Agent: "alpha", Cursor: page.Next, Limit: 1)));

        // One that never got its slot has had an attempt too; and what was, stays true after a retry.
        await Grid.CancelAsync(waiting.RunId);
        Assert.Equal([waiting.RunId, running.RunId], await IdsAsync(new RunQuery(Agent: "solo")));
        Script.On("alpha", call => new(call.Answer()));
        await Grid.RetryAsync(failed.RunId);
        await EndOfAsync(failed);
        gate.Open();
        await EndOfAsync(running);
        Assert.Equal([failed.RunId, fallenBack.RunId], await IdsAsync(new RunQuery(Agent: "alpha")));

        await Host.StopAsync();
        await Host.StartAsync(Setup);
        Assert.Equal([failed.RunId, fallenBack.RunId], await IdsAsync(new RunQuery(Agent: "alpha")));
        Assert.Equal(
            [waiting.RunId, running.RunId, fallenBack.RunId], await IdsAsync(new RunQuery(Agent: "bravo")));
        Assert.Equal([waiting.RunId, running.RunId], await IdsAsync(new RunQuery(Agent: "solo")));
    }

    [Fact]
    public async Task List_EndedRuns_SayWhyTheyFailedOrWereCancelledAndDetailsWhoPosted()
    {
        var gate = Script.Gate();
        Script.On(
            "alpha", call => call.Number < 3 ? throw new InvalidOperationException("not\nyet") : new(call.Answer()));
        Script.On("solo", call => call.AnswerAfterAsync(gate));
        var failed = await AcceptAsync(Request(OneStep) with { Tenant = "alice" });
        await EndOfAsync(failed);
        var retried = await AcceptAsync(OneStep);
        Assert.NotNull((await EndOfAsync(retried)).Summary.Reason);
        var cancelled = await AcceptAsync("""{"a": {"agent": "solo"}}""");
        await Script.StartedAsync("solo");
        Assert.Null((await Grid.GetRunAsync(cancelled.RunId))!.Summary.Reason);
        await Grid.CancelAsync(cancelled.RunId, "called off " + new string('x', 300));
        await EndOfAsync(cancelled);
        Assert.Null(Assert.IsType<CommandResult.Done>(await Grid.RetryAsync(retried.RunId)).Run.Reason);
        AssertCompleted(await EndOfAsync(retried));

        await SaysWhyAsync(failed, cancelled, retried);
        await Host.StopAsync();
        await Host.StartAsync(Setup);
        await SaysWhyAsync(failed, cancelled, retried);
    }

    private async Task SaysWhyAsync(RunSummary failed, RunSummary cancelled, RunSummary retried)
    {
        var reasons = (await Grid.ListRunsAsync(new RunQuery())).Runs.ToDictionary(r => r.RunId, r => r.Reason);
        var details = (await Grid.GetRunAsync(failed.RunId))!;
        Assert.Equal($"{details.Error!.Code}: {details.Error.Message.Replace('\n', ' ')}", reasons[failed.RunId]);
        Assert.EndsWith("not yet", reasons[failed.RunId], StringComparison.Ordinal);
        Assert.Equal($"called off {new string('x', RunReason.MaxLength - 12)}…", reasons[cancelled.RunId]);
        Assert.Null(reasons[retried.RunId]);
        Assert.Equal("alice", details.Tenant);
        Assert.Null((await Grid.GetRunAsync(retried.RunId))!.Tenant);
    }

    [Fact]
    public async Task Agents_AfterSomeWork_CountWhatTheyDid()
    {
        Script.On("bravo", _ => throw new InvalidOperationException("bravo is broken"));
        await RunAsync(OneStep);
        await RunAsync(OneStep);
        await RunAsync("""{"a": {"agent": "bravo"}}""");
        await AllSlotsFreeAsync();

        var alpha = await LoadAsync("alpha");
        var bravo = await LoadAsync("bravo");

        Assert.Equal((2, 0), (alpha.Succeeded, alpha.Failed));
        Assert.NotNull(alpha.Latency);
        Assert.Equal((0, 1), (bravo.Succeeded, bravo.Failed));
        Assert.Equal(30, alpha.Config.Priority);
        Assert.Equal("tight", (await LoadAsync("left")).Config.Queue);
    }

    [Fact]
    public async Task Health_OfAQuietEngine_HasNothingToSay()
    {
        var health = await Grid.GetHealthAsync();

        Assert.True(health.Ready);
        Assert.Empty(health.Problems);
        Assert.Empty(health.ConfigProblems);
        Assert.Equal((0, 0), (health.ActiveRuns, health.QueuedRuns));
    }

    private async Task<IEnumerable<RunId>> IdsAsync(RunQuery query) =>
        (await Grid.ListRunsAsync(query)).Runs.Select(r => r.RunId);
}
