using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Promise 5 and 8: where attempts go and why, and how many there are at once.</summary>
public abstract class RoutingTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override bool KeepsEngine => true;

    [Fact]
    public async Task Drain_Agent_OthersAreAskedAndWhatNeedsItWaits()
    {
        Assert.True(await Grid.DrainAgentAsync("alpha", drained: true));
        Assert.False(await Grid.DrainAgentAsync("nobody", drained: true));

        var elsewhere = await RunAsync("""{"a": {"capability": "work"}}""");
        Assert.Equal("bravo", Assert.Single(StepOf(elsewhere, "a").Attempts).Agent);
        var held = await AcceptAsync("""{"a": {"agent": "alpha"}}""");
        await WaitingAsync("alpha", 1);
        Assert.True(Assert.Single(await Grid.GetAgentsAsync(), a => a.Config.Name == "alpha").Drained);

        Assert.True(await Grid.DrainAgentAsync("alpha", drained: false));
        AssertCompleted(await EndOfAsync(held));
    }

    [Fact]
    public async Task Drain_WhileAttemptsWait_OthersAreAskedAndTheRestGoesOnWaiting()
    {
        var gate = Script.Gate();
        Script.On("solo", call => call.AnswerAfterAsync(gate));
        var holding = await AcceptAsync("""{"a": {"agent": "solo"}}""");
        await Script.StartedAsync("solo");
        var withFallback = await AcceptAsync("""{"a": {"agent": "solo", "fallback": ["alpha"]}}""");
        await SeenAsync(withFallback, "solo:queued");
        var ofACapability = await AcceptAsync(
            """{"a": {"mode": "each", "for_each": "input.list", "capability": "tunnel"}}""", """{"list": [1, 2, 3, 4, 5]}""");
        await WaitingAsync("solo", 3);
        var alone = await AcceptAsync("""{"a": {"agent": "solo"}}""");
        await SeenAsync(alone, "solo:queued");

        Assert.True(await Grid.DrainAgentAsync("solo", drained: true));

        var passedOn = await EndOfAsync(withFallback);
        AssertCompleted(passedOn);
        var attempts = StepOf(passedOn, "a").Attempts;
        Assert.Equal([("solo", AttemptStatus.Cancelled), ("alpha", AttemptStatus.Succeeded)], attempts.Select(a => (a.Agent, a.Status)));
        Assert.Equal("'solo' was drained while it waited for a slot; 'alpha' is asked", attempts[0].CancelReason);
        Assert.Equal("asked in place of 'solo', which is drained", attempts[1].Decision!.Why);
        Assert.Equal(1, Assert.Single(Script.Calls("alpha")).Invocation.Try);
        var each = await EndOfAsync(ofACapability);
        AssertCompleted(each);
        Assert.All(StepOf(each, "a").Attempts, a => Assert.True(a.Agent == "narrow" || a.Status == AttemptStatus.Cancelled));
        await WaitingAsync("solo", 1);

        gate.Open();
        AssertCompleted(await EndOfAsync(holding));
        Assert.Equal(RunStatus.Running, (await Grid.GetRunAsync(alone.RunId))!.Summary.Status);
        Assert.True(await Grid.DrainAgentAsync("solo", drained: false));
        AssertCompleted(await EndOfAsync(alone));
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Route_DryRun_AnswersAndStartsNothing()
    {
        var decision = await Grid.RouteAsync(new RouteQuery(["work"]));

        Assert.Equal("alpha", decision.Agent);
        Assert.Equal(3, decision.Candidates.Length);
        Assert.Empty(Script.Calls());
        Assert.Empty(await FeedAsync());
    }

    [Fact]
    public async Task Nodes_AnAttemptRuns_ItsNodeIsListedWithIt()
    {
        var gate = Script.Gate();
        Script.On("solo", call => call.AnswerAfterAsync(gate));
        var run = await AcceptAsync("""{"a": {"agent": "solo"}}""");
        await Script.StartedAsync("solo");

        var attempt = Assert.Single(StepOf((await Grid.GetRunAsync(run.RunId))!, "a").Attempts);
        var node = Assert.Single(await Grid.GetNodesAsync(), n => n.Name == attempt.Node);
        Assert.Equal([new NodeAgent("solo", 1)], node.Agents);
        Assert.Equal(1, node.Running);
        Assert.False(node.Draining);
        Assert.NotEqual(default, node.SeenAt);
        gate.Open();

        AssertCompleted(await EndOfAsync(run));
        await AllSlotsFreeAsync();
        Assert.All(await Grid.GetNodesAsync(), n => Assert.Equal((0, 0), (n.Running, n.Agents.Length)));
    }

    [Fact]
    public async Task Slots_OfAnAgent_AreUsedUpAndNeverExceeded()
    {
        Script.Measure("narrow");
        Script.On("narrow", async call =>
        {
            await Script.CalledAsync(calls => calls.Count >= 3, "three calls at once");
            return call.Answer();
        });

        var runs = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => RunAsync("""{"a": {"agent": "narrow"}}""")));

        Assert.All(runs, AssertCompleted);
        Assert.Equal(3, Script.Peak("narrow"));
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Slots_OfAQueue_AreSharedByItsAgents()
    {
        Script.Measure("left", "right");
        foreach (var agent in new[] { "left", "right" })
        {
            Script.On(agent, async call =>
            {
                await Script.CalledAsync(calls => calls.Count >= 2, "two calls at once");
                await Task.Yield();
                return call.Answer();
            });
        }

        var runs = await Task.WhenAll(Enumerable.Range(0, 40).Select(i =>
            RunAsync($$"""{"a": {"agent": "{{(i % 2 == 0 ? "left" : "right")}}"} }""")));

        Assert.All(runs, AssertCompleted);
        Assert.Equal(2, Script.Peak("left", "right"));
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Slots_AfterAStormOfCancelsFailuresAndTimeouts_AreAllFree()
    {
        Script.On("narrow", call => (call.Number % 3) switch
        {
            0 => throw new InvalidOperationException("broken"),
            1 => call.HangAsync(),
            _ => new(call.Answer()),
        });
        var runs = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ =>
            AcceptAsync("""{"a": {"agent": "narrow", "timeout": "20ms"}}""")));

        await Task.WhenAll(runs.Where((_, i) => i % 4 == 0).Select(r => Grid.CancelAsync(r.RunId).AsTask()));

        foreach (var run in runs)
        {
            await EndOfAsync(run);
        }
        await AllSlotsFreeAsync();
        Script.On("narrow", call => new(call.Answer()));
        AssertCompleted(await RunAsync("""{"a": {"agent": "narrow"}}"""));
    }

    [Fact]
    public async Task Priority_WhereAttemptsWait_TheHigherGoesFirst()
    {
        var gate = Script.Gate();
        Script.On("solo", call => call.AnswerAfterAsync(gate));
        var runs = new List<RunSummary>();
        foreach (var (priority, waiting) in new[] { (0, 0), (-10, 1), (0, 2), (50, 3), (50, 4) })
        {
            runs.Add(await AcceptAsync(Request("""{"a": {"agent": "solo"}}""") with { Priority = priority }));
            await WaitingAsync("solo", waiting);
            await Script.StartedAsync("solo");
        }
        gate.Open();

        foreach (var run in runs)
        {
            AssertCompleted(await EndOfAsync(run));
        }
        var order = Script.Calls("solo").Select(c => runs.FindIndex(r => r.RunId == c.Invocation.RunId));
        Assert.Equal([0, 3, 4, 2, 1], order);
    }
}
