using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Tests.Hosting;

namespace AgentGrid.RunLog.Tests;

public sealed class AppendTests(SharedRedis redis)
{
    private readonly TestLog _test = redis.NewLog();

    [Fact]
    public async Task AppendAsync_LargeNumbers_AreKeptAndShownAsTheyAre()
    {
        await _test.Redis.StringSetAsync(_test.Key("seq"), 999_999_999_999_998);
        var run = new LoggedRun(LoggedRun.OneStep, "ü/\"{}", "1", _test.Time.Now);
        var accepted = Assert.IsType<AcceptOutcome.Kept>(await run.AcceptAsync(_test.Log));
        var events = run.Decide(RunInput.StartRun.Instance);
        var started = Assert.IsType<AppendOutcome.Kept>(await _test.Log.AppendAsync(run.Id, 1, events, run.Summary));

        var writer = new FeedWriter();
        var expected = events
            .Select((e, i) => writer.Write(1_000_000_000_000_000 + i, run.Id, run.State.Key, e)).ToArray();
        Assert.Equal(999_999_999_999_999, accepted.LastSeq);
        Assert.Equal(999_999_999_999_999 + events.Count, started.LastSeq);
        var page = await _test.Log.ReadEventsAsync(new FeedQuery(), 999_999_999_999_999, 100);
        Assert.Equal(expected.Select(Text), page.Events.Select(Text));
        Assert.Equal(run.Id, (await _test.Log.FindAsync(run.State.Key))?.Summary.RunId);
    }

    private static string Text(FeedEvent e) =>
        $"{e.Seq} {e.RunId} {e.MatchId} {e.Stage} {e.EndsRun} {System.Text.Encoding.UTF8.GetString(e.Utf8.Span)}";

    private async Task<LoggedRun> AcceptedAsync(string? tenant = null)
    {
        var run = new LoggedRun(LoggedRun.OneStep, "m", "1", _test.Time.Now, tenant);
        Assert.IsType<AcceptOutcome.Kept>(await run.AcceptAsync(_test.Log));
        return run;
    }
}
