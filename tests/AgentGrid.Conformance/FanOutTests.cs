using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Mode all: every matching agent at once, and how many of them must succeed.</summary>
public abstract class FanOutTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    [Fact]
    public async Task All_RequireAll_AsksEveryoneAtOnceAndMergesByAgent()
    {
        foreach (var agent in new[] { "alpha", "bravo", "charlie" })
        {
            Script.On(agent, async call =>
            {
                await Script.CalledAsync(calls => calls.Count == 3, "three calls at once");
                return call.Answer();
            });
        }

        var run = await RunAsync("""{"a": {"capability": "work", "mode": "all"}}""");

        AssertCompleted(run);
        var output = run.Result!.Element.GetProperty("a");
        Assert.Equal(["alpha", "bravo", "charlie"], output.EnumerateObject().Select(p => p.Name).Order());
        Assert.Equal("bravo", output.GetProperty("bravo").GetProperty("agent").GetString());
        Assert.Equal(3, StepOf(run, "a").Branches);
        Assert.Equal(3, StepOf(run, "a").Required);
    }

    [Fact]
    public async Task All_OneOfThemFails_FailsAndCancelsTheOthers()
    {
        Script.On("alpha", call => call.HangAsync());
        Script.On("bravo", call => call.HangAsync());
        Script.On("charlie", async call =>
        {
            await Script.CalledAsync(calls => calls.Count == 3, "three calls at once");
            throw new InvalidOperationException("charlie is broken");
        });

        var run = await RunAsync("""{"a": {"capability": "work", "mode": "all", "require": "all"}}""");

        Assert.Contains("charlie is broken", AssertFailed(run).Message, StringComparison.Ordinal);
        await Assert.Single(Script.Calls("alpha")).CancelledAsync();
        await Assert.Single(Script.Calls("bravo")).CancelledAsync();
        await AllSlotsFreeAsync();
    }

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
