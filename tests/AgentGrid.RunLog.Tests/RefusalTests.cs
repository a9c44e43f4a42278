using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Tests.Hosting;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

public sealed class RefusalTests
{
    [Fact]
    public async Task EveryWrite_RedisHasNoMemory_ChangesNothingAndGoesOnLater()
    {
        await using var server = await RedisServer.StartAsync("--appendonly", "no");
        await using var connection = await server.ConnectAsync();
        var test = new TestLog(connection, "full");
        var (run, other, ended) = (Run("1"), Run("2"), Run("3"));
        await ended.CompleteAsync(test.Log);
        await run.AcceptAsync(test.Log);
        await run.StartAsync(test.Log);
        var (version, before) = (run.State.Version, await ContentAsync(test));
        var events = run.Decide(new RunInput.CompleteAttempt("a", 1, AgentGrid.Core.Json.EmptyObject));

        await connection.GetServers()[0].ConfigSetAsync("maxmemory", "1");
        await Assert.ThrowsAsync<RedisServerException>(
            () => test.Log.AppendAsync(run.Id, version, events, run.Summary));
        await Assert.ThrowsAsync<RedisServerException>(() => other.AcceptAsync(test.Log));
        Assert.Equal(before, await ContentAsync(test));

        // What makes room must go on without it.
        test.Time.Advance(TimeSpan.FromHours(25));
        Assert.Equal(1, await test.Log.SweepAsync(10));
        await connection.GetServers()[0].ConfigSetAsync("maxmemory", "0");
        Assert.IsType<AppendOutcome.Kept>(await test.Log.AppendAsync(run.Id, version, events, run.Summary));
        Assert.IsType<AcceptOutcome.Kept>(await other.AcceptAsync(test.Log));
        Assert.Equal(LoggedRun.Dump(run.State), LoggedRun.Dump((await test.Log.ReplayAsync(run.Id))!));

        LoggedRun Run(string round) => new(LoggedRun.OneStep, "m", round, test.Time.Now);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{agentgrid}")]
    [InlineData("a}b")]
    public void Constructor_APrefixThatIsNoHashTag_IsRefused(string prefix) => Assert.Throws<ArgumentException>(
        () => new RedisRunLog(null!, new RunLogOptions { KeyPrefix = prefix }, TimeProvider.System));

    // Everything that is there, byte for byte.
    private static async Task<string[]> ContentAsync(TestLog test)
    {
        var content = new List<string>();
        foreach (var key in await test.KeysAsync())
        {
            content.Add($"{key} {Convert.ToHexString((await test.Redis.KeyDumpAsync(test.Key(key)))!)}");
        }
        return [.. content];
    }
}
