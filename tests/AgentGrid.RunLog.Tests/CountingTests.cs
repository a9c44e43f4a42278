using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Tests.Hosting;
using AgentGrid.RunLog.Tests.Runs;

namespace AgentGrid.RunLog.Tests;

public sealed class CountingTests(SharedRedis redis)
{
    private readonly TestLog _test = redis.NewLog();

    [Fact]
    public async Task CountAsync_RunsInEveryStatus_CountsThoseThatHaveNotEnded()
    {
        Assert.Equal(new RunCounts(0, 0), await _test.Log.CountAsync());
        var runs = Enumerable.Range(0, 6)
            .Select(i => new LoggedRun(LoggedRun.OneStep, "m", $"{i}", _test.Time.GetUtcNow())).ToArray();
        foreach (var run in runs)
        {
            await run.AcceptAsync(_test.Log);
        }
        foreach (var run in runs[..3])
        {
            await run.StartAsync(_test.Log);
        }
        await runs[0].FinishAsync(_test.Log);

        Assert.Equal(new RunCounts(Queued: 3, Running: 2), await _test.Log.CountAsync());
    }
}
