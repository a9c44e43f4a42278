using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Tests.Hosting;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

public sealed class RestartTests
{
    [Fact]
    public async Task RedisKilledAndStartedAgain_WithItsLog_HasTheSameAndGoesOn()
    {
        await using var server = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
        await using var connection = await server.ConnectAsync();
        var test = new TestLog(connection, "restarted");
        var random = new Random(5);
        var runs = Enumerable.Range(0, 6).Select(i => LoggedRun.Random(random, "m", $"{i}", test.Time.Now)).ToArray();
        foreach (var run in runs)
        {
            await run.AcceptAsync(test.Log);
            for (var i = 0; i < 4 && !await run.StepAsync(test.Log, random); i++)
            {
            }
        }
        var (events, list, active) = await ReadAsync(test.Log);

        await RestartAsync(server, connection);

        var again = await ReadAsync(test.Log);
        Assert.Equal(events, again.Events);
        Assert.Equal(list, again.List);
        Assert.Equal(active, again.Active);
        foreach (var run in runs)
        {
            Assert.Equal(LoggedRun.Dump(run.State), LoggedRun.Dump((await test.Open().ReplayAsync(run.Id))!));
            while (!run.State.Status.IsEnded())
            {
                await run.StepAsync(test.Log, random);
            }
        }
        Assert.Equal(runs.Sum(r => r.State.Version), await test.Log.LastSeqAsync());
        Assert.Empty(await test.Log.ActiveAsync());
    }

    [Fact]
    public async Task ScriptsForgotten_AreLoadedAgain()
    {
        await using var server = await RedisServer.StartAsync("--appendonly", "no");
        await using var connection = await server.ConnectAsync();
        var test = new TestLog(connection, "flushed");
        async Task ForgetAsync() => await connection.GetServers()[0].ExecuteAsync("SCRIPT", "FLUSH");
        var run = new LoggedRun(LoggedRun.OneStep, "m", "1", test.Time.Now);

        for (var i = 0; i < 2; i++)
        {
            await new LoggedRun(LoggedRun.OneStep, "m", $"before {i}", test.Time.Now).CompleteAsync(test.Log);
            await ReadAsync(test.Log);
            await test.Log.SweepAsync(1);
            await ForgetAsync();
        }
        Assert.IsType<AcceptOutcome.Kept>(await run.AcceptAsync(test.Log));
        await ForgetAsync();
        await run.StartAsync(test.Log);
        await ForgetAsync();
        Assert.NotEmpty((await ReadAsync(test.Log)).Active);
        await ForgetAsync();
        await run.FinishAsync(test.Log);
        await ForgetAsync();
        test.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(3, await test.Log.SweepAsync(10));
    }

    private static async Task RestartAsync(RedisServer server, ConnectionMultiplexer connection)
    {
        var restored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Kill();
        connection.ConnectionRestored += (_, e) =>
        {
            if (e.ConnectionType == ConnectionType.Interactive)
            {
                restored.TrySetResult();
            }
        };
        await server.RestartAsync();
        await restored.Task.WaitAsync(Limits.Patience);
    }

    private static async Task<(string[] Events, RunSummary[] List, StoredRun[] Active)> ReadAsync(RedisRunLog log)
    {
        var events = (await log.ReadEventsAsync(new FeedQuery(), 0, 100_000)).Events;
        return ([.. events.Select(e => System.Text.Encoding.UTF8.GetString(e.Utf8.Span))],
            [.. (await log.ListAsync(new())).Runs], [.. await log.ActiveAsync()]);
    }
}
