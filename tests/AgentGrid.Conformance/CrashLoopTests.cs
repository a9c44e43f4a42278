using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Promise 9: who ends the process is found out, and nobody else pays for it.</summary>
public abstract class CrashLoopTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    // As many crashes as it takes, and no more: some in company, where nobody can tell who it was.
    private static readonly int s_most = RunLimits.Default.MaxLosses + 1;

    [Fact]
    public async Task Crash_OfOneAttemptAgainAndAgain_FailsThatOneAndTheOthersGoOn()
    {
        Script.On("alpha", call => call.HangAsync());
        Script.On("bravo", async call =>
        {
            await Task.Delay(TimeSpan.FromSeconds(2), call.Cancellation);
            return call.Answer();
        });
        var poison = await AcceptAsync("""{"a": {"agent": "alpha"}}""");
        await SeenAsync(poison, "alpha:start");
        RunSummary[] healthy =
        [
            await AcceptAsync("""{"b": {"agent": "bravo"}}"""), await AcceptAsync("""{"b": {"agent": "bravo"}}"""),
        ];
        foreach (var run in healthy)
        {
            await SeenAsync(run, "bravo:start");
        }

        var crashes = await CrashWheneverAsync("alpha", poison);

        var lost = AssertFailed(await EndOfAsync(poison));
        Assert.Equal((ErrorKind.Lost, ErrorCodes.Lost), (lost.Kind, lost.Code));
        Assert.Contains("Agent 'alpha' probably crashes its process", lost.Message, StringComparison.Ordinal);
        Assert.InRange(crashes, Isolation.MostInCompany, s_most + 1);
        foreach (var run in healthy)
        {
            var ended = await EndOfAsync(run);
            AssertCompleted(ended);
            Assert.InRange(Assert.Single(StepOf(ended, "b").Attempts).Losses, 1, Isolation.MostInCompany + 1);
        }
        await AllSlotsFreeAsync();
    }

    // What nobody was there to see is no part of a run's time.
    [Fact]
    public async Task Crash_ForLongerThanThePlansTimeout_LeavesTheRunTheTimeThatItHad()
    {
        Script.On("alpha", call => CallsBefore(call) == 0 ? call.HangAsync() : new(call.Answer()));

        var ended = await InEnoughTimeAsync(
            TimeSpan.FromSeconds(6),
            async limit =>
            {
                var run = await AcceptAsync(
                    """{"a": {"agent": "alpha"}}""", settings: $"\"timeout\": \"{limit.TotalSeconds}s\"");
                await SeenAsync(run, "alpha:start");
                await Host.CrashAsync();
                await Task.Delay(limit + TimeSpan.FromSeconds(2));
                await Host.StartAsync(Setup);
                return await EndOfAsync(run);
            },
            enough: static r => r.Summary.Status == RunStatus.Completed);

        AssertCompleted(ended);
        Assert.Single(await FeedAsync(new FeedQuery(RunId: ended.Summary.RunId, Stage: Stages.Resumed)));

        int CallsBefore(Call call) =>
            Script.Calls().TakeWhile(c => c != call).Count(c => c.Invocation.RunId == call.Invocation.RunId);
    }

    private async Task<int> CrashWheneverAsync(string agent, RunSummary run)
    {
        for (var crashes = 0; ; crashes++)
        {
            var asked = crashes + 1;
            await Limits.EventuallyAsync(
                async () => Script.Calls(agent).Count >= asked || await EndedAsync(),
                () => new($"neither is '{agent}' asked for the {asked}th time, nor has its run ended"));
            if (await EndedAsync())
            {
                return crashes;
            }
            Assert.InRange(crashes, 0, s_most + 1);
            await CrashAndStartAsync();
        }

        async Task<bool> EndedAsync() => (await Grid.GetRunAsync(run.RunId))!.Summary.Status.IsEnded();
    }

    private async Task CrashAndStartAsync()
    {
        await Host.CrashAsync();
        await Host.StartAsync(Setup);
    }
}
