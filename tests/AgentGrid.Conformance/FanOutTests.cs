using AgentGrid.Conformance.Hosting;

namespace AgentGrid.Conformance;

/// <summary>Mode all: every matching agent at once, and how many of them must succeed.</summary>
public abstract class FanOutTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override bool KeepsEngine => true;

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
}
