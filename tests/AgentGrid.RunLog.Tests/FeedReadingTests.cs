using AgentGrid.Core.Feed;
using AgentGrid.RunLog.Tests.Hosting;

namespace AgentGrid.RunLog.Tests;

public sealed class FeedReadingTests(SharedRedis redis)
{
    private readonly TestLog _test = redis.NewLog();

    [Fact]
    public async Task ReadEventsAsync_ByRun_DoesNotReadTheOthers()
    {
        var runs = new LoggedRun[6];
        for (var i = 0; i < runs.Length; i++)
        {
            runs[i] = new LoggedRun(LoggedRun.OneStep, $"m{i % 4}", $"{i}", _test.Time.Now);
            await runs[i].CompleteAsync(_test.Log);
        }
        var sweptOf = runs[0];
        foreach (var entry in await _test.Redis.SortedSetRangeByRankAsync(_test.LogOf(sweptOf.Id)))
        {
            await _test.Redis.SortedSetRemoveAsync(_test.LogOf(sweptOf.Id), entry);
        }

        // Whatever reads the damaged run shows that.
        Assert.True(await ShowsDamageAsync(new FeedQuery(), 100_000));
        Assert.False(await ShowsDamageAsync(new FeedQuery(RunId: runs[4].Id), 100));
        Assert.False(await ShowsDamageAsync(new FeedQuery(MatchId: "m1"), 100));
    }

    private async Task<bool> ShowsDamageAsync(FeedQuery query, int limit)
    {
        var page = await _test.Log.ReadEventsAsync(query, 0, limit);
        Assert.NotEmpty(page.Events);
        return page.Events.Any(e => e.Stage == Stages.Damaged);
    }
}
