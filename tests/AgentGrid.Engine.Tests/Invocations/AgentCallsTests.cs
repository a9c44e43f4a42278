using AgentGrid.Core.Agents;
using AgentGrid.Engine.Invocations;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Invocations;

/// <summary>Calls of agents by other agents: each has a slot of its own, or says why not, and none waits for ever.</summary>
public sealed class AgentCallsTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    private readonly InvocationBench _bench = new();

    public AgentCallsTests() => _bench.Configure(new AgentConfig { Name = "agent", MaxConcurrency = 1, Timeout = s_timeout });

    [Fact]
    public async Task Call_HasASlotAndAKeyOfItsOwn_AndItsOutputIsTheAnswer()
    {
        var calling = Call();
        _bench.Platform.RunAll();
        Assert.Equal((1, 0, 0), _bench.Load);
        var asked = _bench.Agent.Invocation!;
        Assert.Equal(("""{"q":1}""", "step", "00000001000200030000000000000000/step/1/1"), (asked.Input.ToString(), asked.Step, asked.IdempotencyKey));

        _bench.Agent.Answer();

        Assert.Equal("1", (await calling).ToString());
        Assert.Equal((0, 0, 0), _bench.Load);
        Assert.False(_bench.Services.Running.AreRunning);
    }

    [Fact]
    public async Task Call_WithoutAFreeSlot_EndsWithTheAgentsTimeAndWaitsNoMore()
    {
        var holder = _bench.Started(_bench.Take());
        var calling = Call();
        _bench.Platform.RunAll();
        Assert.Equal((1, 1, 0), _bench.Load);

        _bench.Pass(s_timeout);

        var error = await Assert.ThrowsAsync<AgentException>(() => calling);
        Assert.Equal(("timeout", "Agent 'agent' had no free slot on node 'node' within 30 s."), (error.Code, error.Message));
        Assert.Equal((1, 0, 0), _bench.Load);
        _bench.Agent.Answer();
        Assert.Contains("ends: 1", holder.Told);
    }

    [Fact]
    public async Task Call_NoLongerThanTheAttempt()
    {
        var calling = Call(until: _bench.Services.Time.GetUtcNow() + TimeSpan.FromSeconds(5));
        _bench.Agent.OnCalled = _bench.Agent.Heed;
        _bench.Platform.RunAll();

        _bench.Pass(TimeSpan.FromSeconds(5));

        var error = await Assert.ThrowsAsync<AgentException>(() => calling);
        Assert.Equal(("timeout", "Agent 'agent' did not answer within 5 s."), (error.Code, error.Message));
        await _bench.IdleAsync();
        Assert.Equal((0, 0, 0), _bench.Load);
    }

    [Fact]
    public async Task Call_ThatIsCancelled_CancelsTheAgent()
    {
        using var cancellation = new CancellationTokenSource();
        _bench.Agent.OnCalled = _bench.Agent.Heed;
        var calling = Call(cancellation: cancellation.Token);
        _bench.Platform.RunAll();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => calling);
        await _bench.IdleAsync();
        Assert.Equal((0, 0, 0), _bench.Load);
    }

    [Fact]
    public async Task Call_OverTheRateLimit_StartsWhenItCan()
    {
        _bench.Configure(new AgentConfig { Name = "agent", Timeout = s_timeout, RateLimit = new RateLimit(1, TimeSpan.FromSeconds(20)) });
        _bench.Started(_bench.Take());
        var calling = Call();
        _bench.Platform.RunAll();
        Assert.Equal((1, 1, 0), _bench.Load);

        _bench.Pass(TimeSpan.FromSeconds(20));
        _bench.Platform.RunAll();

        Assert.Equal((2, 0, 0), _bench.Load);
        _bench.Agent.Answer();
        await calling;
    }

    [Fact]
    public async Task Call_OverTheRateLimitForItsWholeTime_SaysSo()
    {
        _bench.Configure(new AgentConfig { Name = "agent", Timeout = s_timeout, RateLimit = new RateLimit(1, TimeSpan.FromHours(1)) });
        _bench.Started(_bench.Take());
        var calling = Call();
        _bench.Platform.RunAll();

        _bench.Pass(s_timeout);

        var error = await Assert.ThrowsAsync<AgentException>(() => calling);
        Assert.Equal("Agent 'agent' had no free slot on node 'node' within 30 s, or no start in its rate limit (1/h).", error.Message);
    }

    [Fact]
    public async Task Call_WhereOthersCountStarts_WaitsForThemBeforeItsSlot()
    {
        var may = new TaskCompletionSource();
        var asked = new List<string>();
        var calling = Call(services: _bench.Services with
        {
            AwaitStart = (agent, key, _, _) =>
            {
                asked.Add($"{agent.Name} {key}");
                return may.Task;
            },
        });
        _bench.Platform.RunAll();
        Assert.Equal((0, 0, 0), _bench.Load);

        may.SetResult();
        _bench.Platform.RunAll();

        Assert.Equal((1, 0, 0), _bench.Load);
        Assert.Equal("agent 00000001000200030000000000000000/step/1/1", Assert.Single(asked));
        _bench.Agent.Answer();
        await calling;
    }

    [Fact]
    public async Task Call_OfAnAgentThatIsNotThereOrDrained_IsRefusedAtOnce()
    {
        Assert.Equal("no_agent", (await Assert.ThrowsAsync<AgentException>(() => Call("other"))).Code);
        _bench.Services.Slots.Drain("agent", drained: true);
        var error = await Assert.ThrowsAsync<AgentException>(() => Call());
        Assert.Equal(("agent_unavailable", "Agent 'agent' takes no calls for now: it is drained."), (error.Code, error.Message));
    }

    [Fact]
    public async Task Call_OfAnAgentThatIsDrainedInTheCluster_IsRefusedAtOnce()
    {
        var error = await Assert.ThrowsAsync<AgentException>(() => Call(services: _bench.Services with { IsDrained = a => a == "agent" }));

        Assert.Equal(("agent_unavailable", "Agent 'agent' takes no calls for now: it is drained."), (error.Code, error.Message));
    }

    [Fact]
    public async Task Call_OfAnAgentOfAnotherQueueThanTheNodes_SaysSoOfTheNode()
    {
        _bench.Services.Slots.PutNode(new NodeState { Name = "node", Queues = ["general"] });
        _bench.Configure(new AgentConfig { Name = "agent", Queue = "gpu" });

        var error = await Assert.ThrowsAsync<AgentException>(() => Call());

        Assert.Equal("Agent 'agent' cannot be called here: node 'node' does not serve queue 'gpu'.", error.Message);
    }

    [Fact]
    public async Task Call_ByACallByACall_IsRefusedWhenItGoesTooDeep()
    {
        _bench.Configure(new AgentConfig { Name = "agent", MaxConcurrency = 100, Timeout = s_timeout });
        var calling = Call();
        for (var depth = 1; depth <= 8; depth++)
        {
            _bench.Platform.RunAll();
            var deepest = _bench.Agent.Invocation!;
            calling = deepest.Calls.CallAsync("agent", Json.Null, default).AsTask();
        }
        Assert.Equal("too_deep", (await Assert.ThrowsAsync<AgentException>(() => calling)).Code);
        Assert.Equal(8, _bench.Agent.Calls);
        _bench.Agent.Answer();
    }

    private Task<Json> Call(
        string agent = "agent", DateTimeOffset? until = null, InvocationServices? services = null, CancellationToken cancellation = default)
    {
        var caller = new AgentInvocation
        {
            RunId = RunId.From(new Guid(1, 2, 3, new byte[8])),
            Key = new RunKey("match", "1"),
            Agent = "caller",
            Step = "step",
            Attempt = 1,
            Deadline = until ?? DateTimeOffset.MaxValue,
            InputSource = static () => Json.EmptyObject,
        };
        return new AgentCalls(services ?? _bench.Services, caller, depth: 0).CallAsync(agent, Json.Parse("""{"q":1}"""), cancellation).AsTask();
    }
}
