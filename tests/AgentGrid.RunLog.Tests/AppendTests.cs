using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Tests.Hosting;
using AgentGrid.RunLog.Tests.Runs;

namespace AgentGrid.RunLog.Tests;

public sealed class AppendTests(SharedRedis redis)
{
    private readonly TestLog _test = redis.NewLog();

    [Fact]
    public async Task AppendAsync_TwoWithTheSameVersion_KeepsOneAndRefusesTheOther()
    {
        var run = await AcceptedAsync();
        var events = run.Decide(RunInput.StartRun.Instance);

        var outcomes = await Task.WhenAll(
            _test.Log.AppendAsync(run.Id, 1, events, run.Summary),
            _test.Open().AppendAsync(run.Id, 1, events, run.Summary));

        Assert.Single(outcomes.OfType<AppendOutcome.Kept>());
        Assert.Single(outcomes.OfType<AppendOutcome.Conflict>());
        Assert.Equal(1 + events.Count, (await _test.Log.FindAsync(run.Id))!.Version);
        Assert.Equal(1 + events.Count, await _test.Log.LastSeqAsync());
    }

    [Fact]
    public async Task AppendAsync_AVersionAhead_ChangesNothing()
    {
        var run = await AcceptedAsync();

        Assert.IsType<AppendOutcome.Conflict>(
            await _test.Log.AppendAsync(run.Id, 2, run.Decide(RunInput.StartRun.Instance), run.Summary));

        Assert.Equal(1, (await _test.Log.FindAsync(run.Id))!.Version);
        Assert.Equal(1, await _test.Log.LastSeqAsync());
    }

    [Fact]
    public async Task AppendAsync_ARunThatIsNotThere_IsGone()
    {
        var run = new LoggedRun(LoggedRun.OneStep, "m", "1", _test.Time.Now);

        Assert.IsType<AppendOutcome.Gone>(
            await _test.Log.AppendAsync(run.Id, 1, run.Decide(RunInput.StartRun.Instance), run.Summary));

        Assert.Empty(await _test.KeysAsync());
    }

    [Fact]
    public async Task AppendAsync_ManyRunsAtOnce_NumbersHaveNoGapsAndFollowEachOther()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 30).Select(async i =>
        {
            var (random, log) = (new Random(i), i % 2 == 0 ? _test.Log : _test.Open());
            var run = LoggedRun.Random(random, $"m{i % 3}", $"{i}", _test.Time.Now);
            await run.AcceptAsync(log);
            while (!await run.StepAsync(log, random))
            {
            }
            return run;
        }));

        var turns = runs.SelectMany(r => r.Kept).OrderBy(t => t.Last).ToArray();
        Assert.Equal(
            turns.Select((_, i) => turns.Take(i + 1).Sum(t => (long)t.Events.Count)), turns.Select(t => t.Last));
        Assert.Equal(turns[^1].Last, await _test.Log.LastSeqAsync());
        Assert.All(runs, r => Assert.Equal(r.Kept.Select(t => t.Last).Order(), r.Kept.Select(t => t.Last)));
    }

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

    [Fact]
    public async Task AppendAsync_TheRunEndsAndIsRetried_MovesBetweenActiveAndEnded()
    {
        var run = await AcceptedAsync("t");
        await run.StartAsync(_test.Log);
        await run.FailAsync(_test.Log);
        Assert.Empty(await _test.Log.ActiveAsync());
        Assert.Equal(RunStatus.Failed, (await _test.Log.FindAsync(run.Id))!.Summary.Status);
        Assert.False(await _test.Redis.KeyExistsAsync(_test.Key("tenants")));

        await run.TurnAsync(_test.Log, RunInput.SkipSubmission.Instance);
        Assert.Empty(await _test.Log.ActiveAsync());
        Assert.Equal(RunStatus.Failed, (await _test.Log.FindAsync(run.Id))!.Summary.Status);

        await run.TurnAsync(_test.Log, new RunInput.RetryRun());
        var active = Assert.Single(await _test.Log.ActiveAsync());
        Assert.Equal((run.Summary, "t", 0), (active.Summary, active.Head.Tenant, active.Head.Priority));
        Assert.Equal(await _test.Log.ActiveAsync(), await _test.Log.ActiveAsync("m"));
        Assert.Empty(await _test.Log.ActiveAsync("other"));
        Assert.Equal(1, await _test.Redis.HashGetAsync(_test.Key("tenants"), "t"));

        await run.StartAsync(_test.Log);
        await run.FinishAsync(_test.Log);
        Assert.Empty(await _test.Log.ActiveAsync("m"));
        Assert.Equal(RunStatus.Completed, (await _test.Log.FindAsync(run.Id))!.Summary.Status);
    }

    [Fact]
    public async Task AppendAsync_ASummaryThatDoesNotFitTheEvents_IsRefused()
    {
        var run = await AcceptedAsync();
        var before = run.Summary;
        await run.StartAsync(_test.Log);
        var version = run.State.Version;
        var events = run.Decide(new RunInput.CancelRun("enough"));

        await Assert.ThrowsAsync<ArgumentException>(() => _test.Log.AppendAsync(run.Id, version, events, before));
        var wrong = await Assert.ThrowsAsync<ArgumentException>(() => _test.Log.AppendAsync(
            run.Id, version, [new RunEvent.SubmissionSkipped { Time = run.Now }], run.Summary));

        Assert.Contains(run.Id.Value, wrong.Message, StringComparison.Ordinal);
        Assert.Equal(version, (await _test.Log.FindAsync(run.Id))!.Version);
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
