using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Mode race: a primary, backups behind it, and the first success wins.</summary>
public abstract class RaceTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override bool KeepsEngine => true;

    [Fact]
    public async Task Race_HedgeAtOnce_TheFirstSuccessWinsAndTheLoserIsCancelled()
    {
        Script.On("alpha", call => call.HangAsync());
        Script.On("bravo", async call =>
        {
            await Script.StartedAsync("alpha");
            return call.Answer();
        });

        var run = await RunAsync("""{"a": {"capability": "work", "mode": "race", "candidates": 2, "hedge_after": "0s"}}""");

        AssertCompleted(run);
        Assert.Equal("bravo", run.Result!.Element.GetProperty("a").GetProperty("agent").GetString());
        await Assert.Single(Script.Calls("alpha")).CancelledAsync();
        Assert.Empty(Script.Calls("charlie"));
        var attempts = StepOf(run, "a").Attempts;
        Assert.Equal(AttemptStatus.Cancelled, Assert.Single(attempts, a => a.Agent == "alpha").Status);
        Assert.Equal(AttemptStatus.Succeeded, Assert.Single(attempts, a => a.Agent == "bravo").Status);
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Race_LateResultOfTheLoser_ChangesNothing()
    {
        var late = Script.Gate();
        Script.On("alpha", async call =>
        {
            await late.Opened;
            return call.Answer();
        });
        // Else alpha might be given up on before it was asked, and would have nothing to be late with.
        Script.On("bravo", async call =>
        {
            await Script.StartedAsync("alpha");
            return call.Answer();
        });

        var run = await RunAsync("""{"a": {"capability": "work", "mode": "race", "hedge_after": "0s"}}""");
        late.Open();
        await Assert.Single(Script.Calls("alpha")).EndedAsync();
        await AllSlotsFreeAsync();

        var after = await Grid.GetRunAsync(run.Summary.RunId);
        Assert.Equal("bravo", after!.Result!.Element.GetProperty("a").GetProperty("agent").GetString());
        Assert.Equal(RunStatus.Completed, after.Summary.Status);
        Assert.Single(await FeedAsync(), e => e.EndsRun);
    }
}
