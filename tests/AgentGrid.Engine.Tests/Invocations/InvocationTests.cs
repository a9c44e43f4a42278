using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;

namespace AgentGrid.Engine.Tests.Invocations;

/// <summary>One call of an agent: its slot comes back exactly once, and everybody is told exactly once.</summary>
public sealed class InvocationTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);
    private static readonly RunId Run = RunId.From(new Guid(1, 2, 3, new byte[8]));

    private readonly InvocationBench _bench = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Agent_Returns_SlotIsFreeBeforeItsOutcomeIsTold(bool waits)
    {
        var invocation = _bench.Started(waits ? _bench.Wait() : _bench.Take());
        Assert.Equal((1, 0, 0), _bench.Load);

        _bench.Agent.Answer();

        Assert.Equal(["begins", "returns", "releases", "ends: 1"], invocation.Told);
        Assert.Equal((0, 0, 0), _bench.Load);
        Assert.False(_bench.Services.Running.AreRunning);
    }

    [Fact]
    public async Task Cancel_AgentHeedsIt_SlotIsFreeAtOnceAndNothingIsTold()
    {
        _bench.Agent.OnCalled = _bench.Agent.Heed;
        var invocation = _bench.Started(_bench.Take());

        invocation.Cancel();
        await _bench.IdleAsync();

        Assert.Equal(["begins", "returns", "releases", "ends abandoned: nothing"], invocation.Told);
        Assert.Equal((0, 0, 0), _bench.Load);
        _bench.Pass(Grace * 2);
        Assert.Equal(4, invocation.Told.Length);
    }

    [Fact]
    public void Cancel_AgentNeverReturns_SlotIsFreeAfterTheGracePeriodAndItCountsAsAbandoned()
    {
        var invocation = _bench.Started(_bench.Take());

        invocation.Cancel();
        _bench.Pass(Grace - Tick);
        Assert.Equal((1, 0, 1), _bench.Load);
        Assert.True(invocation.HoldsSlot);
        _bench.Pass(Tick);

        Assert.Equal((0, 0, 1), _bench.Load);
        Assert.False(invocation.HoldsSlot);
        Assert.Equal(["begins", "releases"], invocation.Told);
        Assert.True(_bench.Services.Running.AreRunning);
    }

    [Fact]
    public void Cancel_AgentIgnoresIt_SaysWhichAttemptHoldsTheSlotAndUntilWhen()
    {
        _bench.Started(_bench.Take()).Cancel();
        var cancelled = _bench.Services.Time.GetUtcNow();

        _bench.Pass(Grace / 2 - Tick);
        Assert.Empty(_bench.Log.Lines);
        _bench.Pass(Tick);
        _bench.Pass(Tick);

        var told = $"attempt 1 of step 'step' of run {Run}";
        Assert.Equal(
            [
                $"Warning: Agent 'agent' ignores its cancellation: {told} was told to stop 5.0 s ago. It holds its slot " +
                "until 2026-01-01T00:00:10.0000000+00:00 (option CancelGrace)",
            ],
            _bench.Log.Lines);
        Assert.Equal(
            [new AbandonedAttempt(Run, "match", "1", "step", 1, "node", cancelled, cancelled + Grace)],
            _bench.Services.Abandoned.Named("agent"));
        Assert.Equal((1, 0), (_bench.Services.Abandoned.HoldingSlots("agent"), _bench.Services.Abandoned.GivenUp("agent")));

        _bench.Pass(Grace);
        Assert.Null(Assert.Single(_bench.Services.Abandoned.Named("agent")).SlotHeldUntil);
        Assert.Equal((0, 1), (_bench.Services.Abandoned.HoldingSlots("agent"), _bench.Services.Abandoned.GivenUp("agent")));
        _bench.Agent.Answer();

        Assert.Equal(
            [
                $"Warning: Agent 'agent' is given up in {told}: it was told to stop 15.0 s ago. The slot is free for others; " +
                "the agent keeps its thread and its memory until it returns",
                $"Information: Agent 'agent' has returned from {told}, 15.0 s after it was told to stop",
            ],
            _bench.Log.Lines.Skip(1));
        Assert.Empty(_bench.Services.Abandoned.Named("agent"));
        Assert.Equal(0, _bench.Services.Abandoned.GivenUp("agent"));
    }

    [Fact]
    public void Cancel_AgentStopsInTheSecondHalfOfItsGrace_IsSaidOnce()
    {
        var invocation = _bench.Started(_bench.Take());
        invocation.Cancel();
        _bench.Pass(Grace / 2);

        _bench.Agent.Answer();
        _bench.Pass(Grace);

        Assert.Equal(["Warning", "Information"], _bench.Log.Lines.Select(static l => l.Split(':')[0]));
        Assert.Equal(["begins", "returns", "releases", "ends abandoned: 1"], invocation.Told);
    }

    [Fact]
    public void Cancel_AgentStopsSoon_IsNotWorthALine()
    {
        _bench.Started(_bench.Take()).Cancel();
        _bench.Pass(Grace / 2 - Tick);

        _bench.Agent.Answer();
        _bench.Pass(Grace);

        Assert.Empty(_bench.Log.Lines);
        Assert.Equal((0, 0, 0), _bench.Load);
    }

    [Fact]
    public void Agent_ReturnsAfterItsSlotWentToAnother_GivesNothingBackAgain()
    {
        var late = _bench.Started(_bench.Take());
        late.Cancel();
        var next = _bench.Wait();
        next.Start();
        Assert.Equal((1, 1, 1), _bench.Load);
        _bench.Pass(Grace);
        Assert.Equal((1, 0, 1), _bench.Load);

        _bench.Agent.Answer();

        Assert.Equal(["begins", "releases", "returns", "ends abandoned: 1"], late.Told);
        Assert.True(next.HoldsSlot);
        Assert.Equal((1, 0, 0), _bench.Load);
    }

    [Fact]
    public async Task Cancel_CallbackOfTheAgentThrows_IsLoggedAndHarmsNobody()
    {
        _bench.Agent.OnCalled = token => token.Register(() => throw new InvalidOperationException("the agent's own"));
        var invocation = _bench.Started(_bench.Take());

        invocation.Cancel();

        Assert.Equal(
            "Warning: Agent 'agent' threw when run/step/1 was cancelled: the agent's own",
            await _bench.Log.FirstLine.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        _bench.Pass(Grace);
        Assert.Equal((0, 0, 1), _bench.Load);
        _bench.Agent.Answer();
        Assert.Equal(["begins", "releases", "returns", "ends abandoned: 1"], invocation.Told);
        Assert.Equal((0, 0, 0), _bench.Load);
    }

    [Fact]
    public void Cancel_HasItsSlotAndDoesNotRunYet_AgentIsNotCalled()
    {
        var invocation = _bench.Take();
        invocation.Start();

        invocation.Cancel();
        Assert.Equal((1, 0, 1), _bench.Load);
        _bench.Platform.RunAll();

        Assert.Equal(["releases", "ends abandoned: nothing"], invocation.Told);
        Assert.Equal(0, _bench.Agent.Calls);
        Assert.Equal((0, 0, 0), _bench.Load);
    }

    [Fact]
    public void Cancel_HasItsSlotAndNoThreadForLongerThanTheGracePeriod_SlotComesBackOnce()
    {
        var invocation = _bench.Wait();
        invocation.Start();

        invocation.Cancel();
        _bench.Pass(Grace);
        Assert.Equal((0, 0, 1), _bench.Load);
        _bench.Platform.RunAll();

        Assert.Equal(["releases", "ends abandoned: nothing"], invocation.Told);
        Assert.Equal((0, 0, 0), _bench.Load);
    }

    [Fact]
    public void Cancel_WaitsForItsSlot_IsOverAtOnceAndNeverGetsIt()
    {
        var first = _bench.Started(_bench.Take());
        var invocation = _bench.Started(_bench.Wait());
        Assert.Equal((1, 1, 0), _bench.Load);

        invocation.Cancel();

        Assert.Equal(["releases", "ends: nothing"], invocation.Told);
        Assert.Equal((1, 0, 0), _bench.Load);
        _bench.Agent.Answer();
        _bench.Platform.RunAll();
        Assert.Equal(1, _bench.Agent.Calls);
        Assert.Equal((0, 0, 0), _bench.Load);
        Assert.False(first.HoldsSlot);
    }

    [Fact]
    public void Cancel_BeforeItWaitsForItsSlot_NeverWaits()
    {
        var invocation = _bench.Wait();

        invocation.Cancel();
        _bench.Started(invocation);

        Assert.Equal(["releases", "ends: nothing"], invocation.Told);
        Assert.Equal((0, 0, 0), _bench.Load);
        Assert.False(_bench.Services.Running.AreRunning);
    }

    [Fact]
    public void Cancel_SaidTwice_IsCountedOnce()
    {
        var invocation = _bench.Started(_bench.Take());

        invocation.Cancel();
        invocation.Cancel();
        Assert.Equal((1, 0, 1), _bench.Load);
        _bench.Agent.Answer();
        invocation.Cancel();

        Assert.Equal(["begins", "returns", "releases", "ends abandoned: 1"], invocation.Told);
        Assert.Equal((0, 0, 0), _bench.Load);
    }

    [Fact]
    public void Agent_IsTakenOutOfTheConfigurationWhileItsSlotIsWaitedFor_FailsAndSaysWhere()
    {
        _bench.Started(_bench.Take());
        var invocation = _bench.Started(_bench.Wait());

        _bench.Configure();

        Assert.Equal(
            ["releases", "ends: no_agent: Agent 'agent' is not in the configuration of node 'node' any more."],
            invocation.Told);
        invocation.Cancel();
        Assert.Equal(2, invocation.Told.Length);
    }

    [Fact]
    public void Agent_IsTakenOutOfTheConfigurationWhileItRuns_SlotComesBack()
    {
        var invocation = _bench.Started(_bench.Take());

        _bench.Configure();
        _bench.Agent.Answer();
        _bench.Configure(new AgentConfig { Name = "agent" });

        Assert.Equal(["begins", "returns", "releases", "ends: 1"], invocation.Told);
        Assert.Equal((0, 0, 0), _bench.Load);
    }

    [Fact]
    public void Report_OftenAndLong_IsThinnedOutAndShortened()
    {
        var invocation = _bench.Started(_bench.Take());
        var progress = _bench.Agent.Invocation!.Progress;

        progress.Report(0.1, "first");
        progress.Report(0.2, "too soon");
        _bench.Pass(TimeSpan.FromMilliseconds(100));
        progress.Report(0.3, new string('x', 1_000));

        Assert.Equal(["begins", "0.1: first"], invocation.Told[..2]);
        Assert.Equal(3, invocation.Told.Length);
        Assert.StartsWith("0.3: xxx", invocation.Told[2], StringComparison.Ordinal);
        Assert.InRange(invocation.Told[2].Length, 100, 510);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Report_NobodyWaitsAnyMore_IsDropped(bool cancelled)
    {
        var invocation = _bench.Started(_bench.Take());
        if (cancelled)
        {
            invocation.Cancel();
        }
        else
        {
            _bench.Agent.Answer();
        }
        var told = invocation.Told;

        _bench.Agent.Invocation!.Progress.Report(0.5, "still here");

        Assert.Equal(told, invocation.Told);
    }

    // Cancelled from several threads in the moment in which it begins and returns: whatever comes first, all of it once.
    [Fact]
    public async Task CancelAndReturn_InTheSameMoment_SlotComesBackOnceAndNothingStaysCounted()
    {
        for (var i = 0; i < 2_000; i++)
        {
            var bench = new InvocationBench(isReal: true);
            bench.Agent.Answer();
            BenchInvocation invocation = i % 2 == 0 ? bench.Take() : bench.Wait();
            using var together = new Barrier(3);
            void Together(Action action)
            {
                together.SignalAndWait();
                action();
            }

            await Task.WhenAll(
                Task.Run(() => Together(() => invocation.Cancel())), Task.Run(() => Together(() => invocation.Cancel())),
                Task.Run(() => Together(invocation.Start)));
            await bench.IdleAsync();

            Assert.Equal((0, 0, 0), bench.Load);
            Assert.Single(invocation.Told, static t => t == "releases");
            Assert.Single(invocation.Told, static t => t.StartsWith("ends", StringComparison.Ordinal));
            Assert.InRange(bench.Agent.Calls, 0, 1);
        }
    }
}
