using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Tests.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

/// <summary>One run of many is damaged: whoever reads many gets the others, and the one is named, once.</summary>
public sealed class DamageTests(SharedRedis redis)
{
    private readonly LogLines<RedisRunLog> _lines = new();
    private readonly TestLog _test = redis.NewLog();
    private RedisRunLog Log => field ??= _test.Open(_lines);

    [Fact]
    public async Task ActiveAsync_OneRunIsDamagedInAnyWay_GivesTheOthers()
    {
        foreach (var damage in new[] { "head", "tip", "v", "no v", "no row", "no hash" })
        {
            _lines.Clear();
            var runs = await StartedAsync(damage, 3);
            await DamageAsync(runs[1].Id, damage);

            for (var i = 0; i < 2; i++)
            {
                var active = await Log.ActiveAsync(damage);
                Assert.Equal([runs[0].Id, runs[2].Id], active.Select(r => r.Id));
                Assert.Contains(runs[2].Id, (await Log.ActiveAsync()).Select(r => r.Id));
                Assert.DoesNotContain(runs[1].Id, (await Log.ActiveAsync()).Select(r => r.Id));
                Assert.True((await Log.CountAsync()).Running > 0);
            }
            var line = Assert.Single(_lines.Of(LogLevel.Error));
            Assert.Contains($"run {runs[1].Id}", line, StringComparison.Ordinal);
            Assert.Contains("damaged", line, StringComparison.Ordinal);
            Assert.Contains("Restore", line, StringComparison.Ordinal);
            var byKey = await Assert.ThrowsAsync<DamageException>(() => Log.FindAsync(runs[1].State.Key));
            Assert.Equal(runs[1].Id.Value, byKey.Run);
        }
    }

    [Fact]
    public async Task ActiveAsync_DamageOnEveryPage_GivesTheOthers()
    {
        var runs = new List<LoggedRun>();
        for (var i = 0; i < 1_100; i++)
        {
            runs.Add(new LoggedRun(LoggedRun.OneStep, $"m{i}", "1", _test.Time.Now));
            await runs[^1].AcceptAsync(Log);
        }
        // The last one of a page says where the next one begins.
        foreach (var i in new[] { 0, 499, 500, 999, 1_099 })
        {
            await DamageAsync(runs[i].Id, "head");
        }

        Assert.Equal(1_095, (await Log.ActiveAsync()).Select(r => r.Id).Distinct().Count());
        Assert.Equal(5, _lines.Of(LogLevel.Error).Length);
    }

    [Fact]
    public async Task ListAsync_OneRunIsDamaged_PagesOverIt()
    {
        var runs = await StartedAsync("m", 5);
        await DamageAsync(runs[1].Id, "tip");
        await DamageAsync(runs[4].Id, "head");

        var listed = new List<RunId>();
        for (var query = new RunQuery(Limit: 1); ;)
        {
            var page = await Log.ListAsync(query);
            listed.AddRange(page.Runs.Select(r => r.RunId));
            if (page.Next is null)
            {
                break;
            }
            query = query with { Cursor = page.Next };
        }

        Assert.Equal([runs[3].Id, runs[2].Id, runs[0].Id], listed);
        Assert.Equal(2, _lines.Of(LogLevel.Error).Length);
    }

    [Fact]
    public async Task FindAsync_TheRunIsGoneAndItsRecordsAreThere_SaysSo()
    {
        var run = (await StartedAsync("m", 1))[0];
        await DamageAsync(run.Id, "no row");

        Assert.Contains("but does not exist", (await Assert.ThrowsAsync<DamageException>(
            () => Log.FindAsync(run.Id))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<DamageException>(() => Log.ReplayAsync(run.Id));
    }

    [Fact]
    public async Task AcceptAsync_TheKeyIsTakenByNoRun_RefusesByName()
    {
        await _test.Redis.HashSetAsync(_test.Key("rounds:m"), "1", "nonsense");

        var refusal = await Assert.ThrowsAsync<DamageException>(
            () => new LoggedRun(LoggedRun.OneStep, "m", "1", _test.Time.Now).AcceptAsync(Log));

        Assert.Contains("'m/1'", refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<DamageException>(() => Log.FindAsync(new RunKey("m", "1")));
        Assert.Empty((await Log.ListAsync(new RunQuery(MatchId: "m"))).Runs);
    }

    [Fact]
    public async Task ReadEventsAsync_ARecordIsDamaged_ShowsWhichNumbersAreMissing()
    {
        var runs = await StartedAsync("m", 3);
        foreach (var run in runs)
        {
            await run.FinishAsync(Log);
        }
        var whole = (await Log.ReadEventsAsync(new FeedQuery(), 0, 100)).Events;
        // The second record of the second run.
        var (last, events) = runs[1].Kept[1];
        var first = last - events.Count + 1;
        Assert.True(events.Count > 1);
        var record = (await _test.Redis.SortedSetRangeByScoreAsync(_test.LogOf(runs[1].Id), last, last))[0];
        foreach (var missing in new[] { false, true })
        {
            await _test.Redis.SortedSetRemoveRangeByScoreAsync(_test.LogOf(runs[1].Id), last, last);
            if (!missing)
            {
                var damaged = ((byte[])record!).ToArray();
                damaged[^1] ^= 1;
                await _test.Redis.SortedSetAddAsync(_test.LogOf(runs[1].Id), damaged, last);
            }
            foreach (var query in new[]
            {
                new FeedQuery(), new FeedQuery(MatchId: "m"), new FeedQuery(RunId: runs[1].Id), new FeedQuery(Stage: "a:*"),
            })
            {
                var page = await Log.ReadEventsAsync(query, 0, 100);
                Assert.True(page.AtEnd);
                Assert.Equal(page.Events.OrderBy(e => e.Seq), page.Events);
                var sound = whole.Where(e => (e.Seq < first || e.Seq > last) && query.Matches(e));
                Assert.Equal(
                    sound.Select(e => e.Seq), page.Events.Where(e => e.Stage != Stages.Damaged).Select(e => e.Seq));
                var marker = Assert.Single(page.Events, e => e.Stage == Stages.Damaged);
                Assert.Equal((runs[1].Id, "m"), (marker.RunId, marker.MatchId));
                var json = JsonSerializer.Deserialize<JsonElement>(marker.Utf8.Span);
                Assert.Equal("damaged", json.GetProperty("stage").GetString());
                var meta = json.GetProperty("meta");
                Assert.Contains(runs[1].Id.Value, meta.GetProperty("error").GetString(), StringComparison.Ordinal);
                // Without the record, only the numbers of all runs together say exactly which ones are missing.
                var numbers = (meta.GetProperty("first_missing").GetInt64(), meta.GetProperty("last_missing").GetInt64());
                Assert.Equal(
                    missing && query.MatchId is not null ? (last, last)
                    : missing && query.RunId is not null ? (runs[1].Kept[0].Last + 1, runs[1].Kept[2].Last - runs[1].Kept[2].Events.Count)
                    : (first, last), numbers);
                Assert.Equal(numbers.Item2, json.GetProperty("seq").GetInt64());
            }
        }
        Assert.Single(_lines.Of(LogLevel.Error));
    }

    [Fact]
    public async Task ReadEventsAsync_ManyDamagedRecordsAndSmallPages_EndsAtTheEnd()
    {
        var runs = await StartedAsync("m", 4);
        await DamageAsync(runs[0].Id, "no row");
        await DamageAsync(runs[2].Id, "no hash");
        await _test.Redis.KeyDeleteAsync(_test.LogOf(runs[3].Id));

        var seen = 0L;
        var shown = new List<FeedEvent>();
        while (true)
        {
            var page = await Log.ReadEventsAsync(new FeedQuery(), seen, 1);
            shown.AddRange(page.Events);
            Assert.True(page.Next > seen || page.AtEnd);
            seen = page.Next;
            if (page.AtEnd)
            {
                break;
            }
        }

        Assert.Equal(await Log.LastSeqAsync(), seen);
        Assert.Equal(runs[1].State.Version, shown.Count(e => e.Stage != Stages.Damaged));
        Assert.Equal(6, shown.Count(e => e.Stage == Stages.Damaged));
        Assert.Equal(3, _lines.Of(LogLevel.Error).Length);
    }

    [Fact]
    public async Task SweepAsync_AnOldRunIsDamaged_RemovesTheOthersToo()
    {
        var runs = await StartedAsync("m", 4);
        foreach (var run in runs)
        {
            await run.FinishAsync(Log);
        }
        await _test.Redis.HashDeleteAsync(_test.Key($"run:{runs[0].Id}"), ["m", "p"]);
        await DamageAsync(runs[1].Id, "no row");
        await DamageAsync(runs[2].Id, "no hash");
        _test.Time.Advance(TimeSpan.FromHours(30));

        Assert.Equal(4, await Log.SweepAsync(100));

        Assert.Null(await Log.ReplayAsync(runs[3].Id));
        Assert.Empty((await Log.ReadEventsAsync(new FeedQuery(), 0, 100)).Events);
        Assert.Empty((await Log.ListAsync(new RunQuery())).Runs);
        Assert.Empty(_lines.Of(LogLevel.Error));
    }

    private async Task<LoggedRun[]> StartedAsync(string match, int count)
    {
        var runs = new LoggedRun[count];
        for (var i = 0; i < count; i++)
        {
            runs[i] = new LoggedRun(LoggedRun.OneStep, match, $"{i}", _test.Time.Now);
            Assert.IsType<AcceptOutcome.Kept>(await runs[i].AcceptAsync(Log));
            await runs[i].StartAsync(Log);
        }
        return runs;
    }

    private async Task DamageAsync(RunId run, string damage)
    {
        RedisKey key = _test.Key($"run:{run}");
        switch (damage)
        {
            case "v":
                await _test.Redis.HashSetAsync(key, "v", "x");
                break;
            case "no v":
                await _test.Redis.HashDeleteAsync(key, "v");
                break;
            case "no row":
                await _test.Redis.KeyDeleteAsync(key);
                break;
            case "no hash":
                await _test.Redis.StringSetAsync(key, "x");
                break;
            default:
                var value = ((byte[])(await _test.Redis.HashGetAsync(key, damage))!).ToArray();
                value[^3] ^= 1;
                await _test.Redis.HashSetAsync(key, damage, value);
                break;
        }
    }
}
