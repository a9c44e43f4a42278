using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.RunLog.Tests.Hosting;
using AgentGrid.RunLog.Tests.Runs;

namespace AgentGrid.RunLog.Tests;

/// <summary>Run logs of earlier versions, as <see cref="KeptLog"/> made them: read, listed, and gone on with.</summary>
public sealed class KeptLogTests(SharedRedis redis)
{
    private const int Events = 666;
    private const string Rounds = "older 9 7 6 8 5 4 3 2 1 long";

    private readonly TestLog _test = redis.NewLog();
    private RedisRunLog Log => _test.Log;

    [Theory]
    [InlineData("format-1.jsonl")]
    public async Task Read_EverythingInIt_IsWhatWasKept(string fixture)
    {
        await KeptLog.LoadAsync(_test, fixture);
        var runs = (await Log.ListAsync(new RunQuery(Limit: 100))).Runs;

        Assert.Equal(Rounds, string.Join(' ', runs.Select(r => r.Round)));
        Assert.Equal(
            "Failed Queued Running Running Running Running Completed Cancelled Failed Completed Cancelled",
            string.Join(' ', runs.Select(r => r.Status)));
        Assert.Equal(
            [null, "", "busy", "work", "flaky", "work", "work", "work", "work", "work", "work"],
            runs.Select(r => r.Agents?.Text));
        Assert.Equal(["called off", "broken: it broke", "too long"], runs.Select(r => r.Reason).OfType<string>());
        var states = new Dictionary<string, RunState>();
        foreach (var run in runs)
        {
            states.Add(run.Round, (await Log.ReplayAsync(run.RunId))!);
        }
        Assert.Equal(300, states["long"].Steps[0].Attempts.Count);
        Assert.True(states["1"].WasPostedAgain);
        Assert.Equal(TimeSpan.FromHours(5), states["4"].LastStartedAt - states["4"].StartedAt);
        Assert.Equal((1, 1), (states["7"].WaitingAttempts, states["8"].RetryingBranches));
        Assert.Equal("tenant", (await Log.FindAsync(states["9"].Id))!.Head.Tenant);
        var events = (await Log.ReadEventsAsync(new FeedQuery(), 0, 1_000)).Events;
        Assert.Equal(Enumerable.Range(1, Events), events.Select(e => (int)e.Seq));
        Assert.DoesNotContain(events, e => e.Stage == Stages.Damaged);
        Assert.Equal(["9", "7", "6", "8", "5"], (await Log.ActiveAsync()).Select(r => r.Key.Round).Reverse());
        Assert.Equal(
            "older 6 5 4 3 2 1 long",
            string.Join(' ', (await Log.ListAsync(new RunQuery(Agent: "work", Limit: 100))).Runs.Select(r => r.Round)));
    }

    [Theory]
    [InlineData("format-1.jsonl")]
    public async Task Append_UnfinishedAndFailedRuns_GoOnAndEnd(string fixture)
    {
        await KeptLog.LoadAsync(_test, fixture);
        foreach (var round in Rounds.Split(' '))
        {
            var found = (await Log.FindAsync(new RunKey(KeptLog.Match, round)))!.Summary;
            var run = new LoggedRun((await Log.ReplayAsync(found.RunId))!, _test.Time.Now.AddHours(6));
            if (found.Status.IsEnded())
            {
                await run.TurnAsync(Log, found.Status == RunStatus.Completed
                    ? RunInput.SkipSubmission.Instance
                    : new RunInput.RetryRun());
            }
            for (var random = new Random(1); !run.State.Status.IsEnded();)
            {
                await run.StepAsync(Log, random);
            }
            var kept = (await _test.Open().FindAsync(run.Id))!.Summary;
            // Of one that nothing was written of since, that version did not say when it was started last.
            Assert.Equal(kept.LastStartedAt is null ? run.Summary with { LastStartedAt = null } : run.Summary, kept);
            Assert.Equal(LoggedRun.Dump(run.State), LoggedRun.Dump((await _test.Open().ReplayAsync(run.Id))!));
        }
        Assert.Empty(await Log.ActiveAsync());
        var events = (await Log.ReadEventsAsync(new FeedQuery(), 0, 10_000)).Events;
        Assert.True(events.Length > Events);
        Assert.Equal(Enumerable.Range(1, events.Length), events.Select(e => (int)e.Seq));
        _test.Time.Advance(TimeSpan.FromDays(400));
        Assert.Equal(Rounds.Split(' ').Length, await Log.SweepAsync(100));
    }
}
