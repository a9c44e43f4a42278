using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Runs that start later.</summary>
public abstract class LaterTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    private const string Steps = """{"a": {"agent": "alpha"}}""";

    protected override GridSetup Setup { get; } = new() { MaxActiveRuns = 1 };

    // With a place for one run, others go through while some wait for their time, also after a crash.
    [Fact]
    public async Task Later_SurvivesACrash_AndHoldsNoPlace()
    {
        var asked = Request(Steps) with { Delay = TimeSpan.FromHours(9) };
        var late = await AcceptAsync(asked);
        var soon = await AcceptAsync(Request(Steps) with { Delay = TimeSpan.FromSeconds(1) });
        Assert.Equal((RunStatus.Scheduled, late.AcceptedAt + asked.Delay), (late.Status, late.StartsAt));
        AssertCompleted(await RunAsync("""{"b": {"agent": "bravo"}}"""));

        await Host.CrashAsync();
        await Host.StartAsync(Setup);
        var ended = await EndOfAsync(soon);
        AssertCompleted(ended);
        Assert.True(ended.Summary.StartedAt >= soon.StartsAt, $"It is to start at {soon.StartsAt:O}: {Describe(ended)}");
        Assert.Equal(
            ["orchestration:accepted", "orchestration:due", "orchestration:started"],
            (await FeedAsync(new(RunId: soon.RunId))).Take(3).Select(static e => e.Stage));
        AssertCompleted(await RunAsync("""{"b": {"agent": "bravo"}}"""));

        Assert.Equal((late.RunId, late.StartsAt), (
            Assert.Single((await Grid.ListRunsAsync(new RunQuery(RunStatus.Scheduled))).Runs) is var listed ? listed.RunId : default,
            listed.StartsAt));
        Assert.Equal(RunStatus.Scheduled, (await Grid.GetRunAsync(late.RunId))!.Summary.Status);
        Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(asked));
        Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(asked with { Delay = null }));

        Assert.True(Assert.IsType<CommandResult.Done>(await Grid.CancelAsync(late.RunId)).Changed);
        Assert.Equal(RunStatus.Cancelled, (await EndOfAsync(late)).Summary.Status);
        Assert.IsType<CommandResult.Done>(await Grid.RetryAsync(late.RunId));
        AssertCompleted(await EndOfAsync(late));
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task StartAt_InThePast_IsAtOnce_AndTooFarAheadIsRefused()
    {
        var past = await AcceptAsync(Request(Steps) with { StartAt = DateTimeOffset.UtcNow.AddDays(-1) });
        Assert.Equal((false, null), (past.Status == RunStatus.Scheduled, past.StartsAt));
        AssertCompleted(await EndOfAsync(past));

        var far = Assert.IsType<SubmitResult.Invalid>(
            await Grid.SubmitAsync(Request(Steps) with { StartAt = DateTimeOffset.UtcNow.AddDays(400) }));
        var problem = Assert.Single(far.Problems);
        Assert.Equal(("start_at", CommandCodes.BadStart), (problem.Path, problem.Code));
        Assert.Contains("at most 366 days", problem.Message, StringComparison.Ordinal);
    }

    // They are bounded as all others are: what was accepted is kept in memory.
    [Fact]
    public async Task Later_CountsAmongTheRunsThatMayBeAccepted()
    {
        await Host.StopAsync();
        await Host.StartAsync(Setup with { MaxQueuedRuns = 1 });
        for (var i = 0; i < 2; i++)
        {
            await AcceptAsync(Request(Steps) with { Delay = TimeSpan.FromHours(9) });
        }

        Assert.IsType<SubmitResult.Overloaded>(await Grid.SubmitAsync(Request(Steps)));
    }
}
