using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Mode all: what the run machine alone decides, so that one engine shows it for all.</summary>
public abstract class FanOutDecisionTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    [Fact]
    public async Task All_RequireAny_CompletesWithTheFirstAndCancelsTheOthers()
    {
        Script.On("alpha", call => call.HangAsync());
        Script.On("charlie", call => call.HangAsync());
        Script.On("bravo", async call =>
        {
            await Script.CalledAsync(calls => calls.Count == 3, "three calls at once");
            return call.Answer();
        });

        var run = await RunAsync("""{"a": {"capability": "work", "mode": "all", "require": "any"}}""");

        AssertCompleted(run);
        Assert.Equal("bravo", Assert.Single(run.Result!.Element.GetProperty("a").EnumerateObject()).Name);
        await Assert.Single(Script.Calls("alpha")).CancelledAsync();
        await Assert.Single(Script.Calls("charlie")).CancelledAsync();
        var losers = StepOf(run, "a").Attempts.Where(a => a.Agent != "bravo");
        Assert.All(losers, a => Assert.Equal(AttemptStatus.Cancelled, a.Status));
    }

    [Fact]
    public async Task All_RequireTwo_ToleratesOneFailure()
    {
        Script.On("alpha", _ => throw new InvalidOperationException("alpha is broken"));

        var run = await RunAsync("""{"a": {"capability": "work", "mode": "all", "require": 2}}""");

        AssertCompleted(run);
        var names = run.Result!.Element.GetProperty("a").EnumerateObject().Select(p => p.Name).Order();
        Assert.Equal(["bravo", "charlie"], names);
    }

    [Fact]
    public async Task All_QuorumOutOfReach_FailsWithoutWaitingForTheRest()
    {
        Script.On("alpha", call => call.HangAsync());
        Script.On("bravo", async call =>
        {
            await Script.StartedAsync("alpha");
            throw new InvalidOperationException("bravo is broken");
        });
        Script.On("charlie", _ => throw new InvalidOperationException("charlie is broken"));

        var run = await RunAsync("""{"a": {"capability": "work", "mode": "all", "require": 2}}""");

        AssertFailed(run);
        await Assert.Single(Script.Calls("alpha")).CancelledAsync();
    }

    [Fact]
    public async Task All_SeveralCapabilities_AsksTheAgentsOfAnyOfThem()
    {
        var run = await RunAsync("""{"a": {"capability": ["validation", "scoring"], "mode": "all"}}""");

        AssertCompleted(run);
        var asked = Script.Calls().Select(c => c.Agent).Order();
        Assert.Equal(["kinematics_validator", "quality_scorer", "timing_validator"], asked);
    }
}
