using AgentGrid.Conformance.Hosting;

namespace AgentGrid.Conformance;

/// <summary>Mode race: what the run machine alone decides, so that one engine shows it for all.</summary>
public abstract class RaceDecisionTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    [Fact]
    public async Task Race_LongHedge_TheBackupIsNotAskedWhenThePrimarySucceeds()
    {
        var run = await RunAsync("""{"a": {"capability": "work", "mode": "race", "hedge_after": "10m"}}""");

        AssertCompleted(run);
        Assert.Equal("alpha", Assert.Single(Script.Calls()).Agent);
    }

    [Fact]
    public async Task Race_LongHedge_TheBackupStartsAtOnceWhenThePrimaryFails()
    {
        Script.On("alpha", _ => throw new InvalidOperationException("alpha is broken"));

        var run = await RunAsync("""{"a": {"capability": "work", "mode": "race", "hedge_after": "10m"}}""");

        AssertCompleted(run);
        Assert.Equal(["alpha", "bravo"], Script.Calls().Select(c => c.Agent));
    }

    [Fact]
    public async Task Race_ShortHedge_TheBackupIsAskedWhileThePrimaryIsSlow()
    {
        Script.On("alpha", call => call.HangAsync());

        var run = await RunAsync("""{"a": {"capability": "work", "mode": "race", "hedge_after": "50ms"}}""");

        AssertCompleted(run);
        Assert.Equal("bravo", run.Result!.Element.GetProperty("a").GetProperty("agent").GetString());
        var step = StepOf(run, "a");
        var waited = step.Attempts[1].StartedAt - step.StartedAt;
        Assert.True(waited >= TimeSpan.FromMilliseconds(45), $"The backup waited {waited}, not 50 ms.");
    }

    [Fact]
    public async Task Race_EveryoneFails_TheRunFails()
    {
        Script.On("alpha", _ => throw new InvalidOperationException("alpha is broken"));
        Script.On("bravo", _ => throw new InvalidOperationException("bravo is broken"));

        var run = await RunAsync("""{"a": {"capability": "work", "mode": "race", "candidates": 2, "hedge_after": "0s"}}""");

        Assert.Contains("is broken", AssertFailed(run).Message, StringComparison.Ordinal);
        Assert.Equal(2, Script.Calls().Count);
    }

    [Fact]
    public async Task Race_MoreCandidatesThanAgents_AsksThoseThereAre()
    {
        Script.On("alpha", call => call.HangAsync());
        Script.On("bravo", call => call.HangAsync());
        Script.On("charlie", async call =>
        {
            await Script.CalledAsync(calls => calls.Count == 3, "three calls at once");
            return call.Answer();
        });

        var run = await RunAsync("""{"a": {"capability": "work", "mode": "race", "candidates": 9, "hedge_after": "0s"}}""");

        AssertCompleted(run);
        Assert.Equal(3, Script.Calls().Count);
    }
}
