using System.Text.RegularExpressions;
using AgentGrid.Core.Feed;
using AgentGrid.RunLog.Scripts;
using AgentGrid.RunLog.Tests.Hosting;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

/// <summary>A log whose user Redis does not allow everything.</summary>
public sealed partial class RightsTests(SharedRedis redis)
{
    private const string Password = "of-a-test";
    private readonly TestLog _test = redis.NewLog();

    private string Keys => $"~{{{_test.Options.KeyPrefix}}}*";
    private string Channel => $"&{_test.Options.Channel}";
    private string News => $"&{{{_test.Options.KeyPrefix}}}*";

    [Fact]
    public async Task CheckRights_UserWithAllThatIsNeeded_PassesAndLeavesNothing()
    {
        await using var connection = await ConnectAsync(Keys, News, Channel, "+@all", "-@admin", "-@dangerous");

        await new TestLog(connection, _test.Options.KeyPrefix).Log.CheckRightsAsync();

        Assert.Empty(await _test.KeysAsync());
    }

    [Fact]
    public async Task CheckRights_SomethingIsNotAllowed_SaysSo()
    {
        var prefix = _test.Options.KeyPrefix;
        foreach (var rights in (string[][])
        [
            [Keys, News, Channel, "+@all", "-zrevrange"],
            [Keys, News, Channel, "+@all", "-xadd"],
            [Keys, News, Channel, "+@read", "+@connection", "+@scripting"],
            ["~another*", News, Channel, "+@all"],
            [Keys, News, "+@all"],
            [Keys, Channel, "+@all"],
            [Keys, "resetchannels", "+@all"],
        ])
        {
            await using var connection = await ConnectAsync(rights);

            await Assert.ThrowsAsync<RedisServerException>(new TestLog(connection, prefix).Log.CheckRightsAsync);

            Assert.Empty(await _test.KeysAsync());
        }
    }

    [Fact]
    public void CheckRights_TriesEveryCommandOfTheScripts()
    {
        var tried = Commands().Matches(Script.Rights.Text).Select(m => m.Groups[1].Value).ToHashSet();

        Assert.All(
            Commands().Matches(string.Concat(((Script[])[Script.Accept, Script.Append, Script.Sweep, Script.Drop, Script.Runs, Script.Events]).Select(s => s.Text))),
            m => Assert.Contains(m.Groups[1].Value, tried));
        Assert.InRange(tried.Count, 20, 100);
    }

    [Fact]
    public async Task AppendAsync_MayNotPublish_KeepsEveryTurnWhole()
    {
        await using var connection = await ConnectAsync(Keys, "resetchannels", "+@all");
        var log = new TestLog(connection, _test.Options.KeyPrefix).Log;
        var run = new LoggedRun(LoggedRun.OneStep, "m", "1", _test.Time.Now);

        await run.CompleteAsync(log);

        Assert.Equal(run.Summary, (await _test.Log.FindAsync(run.Id))?.Summary);
        Assert.Equal(
            run.State.Version, (await _test.Log.ReadEventsAsync(new FeedQuery(), 0, 100)).Events.Length);
        Assert.Empty(await _test.Log.ActiveAsync());
    }

    private async Task<ConnectionMultiplexer> ConnectAsync(params string[] rights)
    {
        var user = $"user-of-{_test.Options.KeyPrefix}";
        await _test.Redis.ExecuteAsync("ACL", ["SETUSER", user, "reset", "on", $">{Password}", .. rights]);
        var options = new ConfigurationOptions { User = user, Password = Password };
        options.EndPoints.Add(redis.Connection.GetEndPoints()[0]);
        return await ConnectionMultiplexer.ConnectAsync(options);
    }

    [GeneratedRegex(@"redis\.(?:p?call|acl_check_cmd)\('([A-Z]+)'")]
    private static partial Regex Commands();
}
