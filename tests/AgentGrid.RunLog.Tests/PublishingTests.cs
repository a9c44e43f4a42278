using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Tests.Hosting;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

public sealed class PublishingTests(SharedRedis redis)
{
    private readonly TestLog _test = redis.NewLog();

    [Fact]
    public async Task Channel_ManyWriters_GetsEveryEventOnceAndThoseOfARunInOrder()
    {
        var subscription = await redis.Connection.GetSubscriber()
            .SubscribeAsync(RedisChannel.Literal(_test.Options.Channel!));
        await RunManyAsync();

        var expected = await _test.Log.ReadEventsAsync(new FeedQuery(), 0, 100_000);
        using var patience = new CancellationTokenSource(Limits.Patience);
        var heard = new List<(long Seq, string Run, string Text)>();
        while (heard.Count < expected.Events.Length)
        {
            var text = (string)(await subscription.ReadAsync(patience.Token)).Message!;
            var e = JsonSerializer.Deserialize<JsonElement>(text);
            heard.Add((e.GetProperty("seq").GetInt64(), e.GetProperty("run_id").GetString()!, text));
        }
        Assert.False(subscription.TryRead(out _));
        Assert.Equal(expected.Events.Select(Text), heard.OrderBy(h => h.Seq).Select(h => h.Text));
        Assert.All(heard.GroupBy(h => h.Run), run => Assert.Equal(run.OrderBy(h => h.Seq), run));
    }

    [Fact]
    public async Task Channel_NobodyListens_NothingIsPublished()
    {
        await using var server = await RedisServer.StartAsync("--appendonly", "no");
        await using var connection = await server.ConnectAsync();
        await new LoggedRun(LoggedRun.OneStep, "m", "1", _test.Time.Now).CompleteAsync(new TestLog(connection, "t").Log);

        var asked = await connection.GetServers()[0].InfoAsync("commandstats");

        Assert.Contains(asked.SelectMany(g => g), c => c.Key == "cmdstat_xadd");
        Assert.DoesNotContain(asked.SelectMany(g => g), c => c.Key == "cmdstat_publish");
    }

    [Fact]
    public async Task Stream_ManyWriters_HasEveryTurnOnceInTheOrderOfTheNumbers()
    {
        await RunManyAsync();

        var entries = await _test.Redis.StreamRangeAsync(_test.Key("events:0"));

        Assert.Equal(
            (await _test.Log.ReadEventsAsync(new FeedQuery(), 0, 100_000)).Events.Select(Text),
            entries.SelectMany(e => Shown(e)).Select(Text));
    }

    [Fact]
    public async Task EventsOf_TurnsThatTheLogHasWrittenItself_AreWhatReadingThemGives()
    {
        var log = _test.Open();
        Assert.Empty(log.EventsOf(1, "none", new RunKey("m", "1"), [0])); // from here on it remembers
        for (var i = 0; i < 20; i++)
        {
            var random = new Random(i);
            var run = LoggedRun.Random(random, "m", $"{i}", _test.Time.Now);
            await run.AcceptAsync(log);
            while (!await run.StepAsync(log, random))
            {
            }
        }

        var entries = await _test.Redis.StreamRangeAsync(_test.Key("events:0"));

        Assert.True(entries.Length > 50);
        Assert.All(entries, entry => Assert.Equal(
            Shown(entry).Select(Text),
            log.EventsOf((long)entry["last"], entry["run"]!, new RunKey(entry["match"]!, entry["round"]!), entry["record"]!)
                .Select(Text)));
    }

    [Fact]
    public async Task Stream_RecordThatIsLarge_IsLeftToTheLog()
    {
        var run = new LoggedRun(LoggedRun.OneStep, "m", "1", _test.Time.Now);
        await run.AcceptAsync(_test.Log);
        await run.StartAsync(_test.Log);
        await run.TurnAsync(_test.Log, new RunInput.CompleteAttempt("a", 1, Core.Json.From(new string('x', 10_000))));

        var entries = await _test.Redis.StreamRangeAsync(_test.Key("events:0"));

        Assert.Equal([1, run.Kept[1].Events.Count, 0], entries.Select(e => Shown(e).Length));
        Assert.Equal(run.State.Version, (int)entries[^1]["last"]);
        Assert.InRange((await _test.Redis.KeyDumpAsync(_test.Key("events:0")))!.Length, 100, 9_000);
    }

    [Fact]
    public async Task Channel_Null_PublishesNothingAndKeepsTheSame()
    {
        _test.Options.Channel = null;
        var heard = Channel.CreateUnbounded<string>();
        var subscriber = redis.Connection.GetSubscriber();
        await subscriber.SubscribeAsync(
            RedisChannel.Pattern("*"), (channel, message) =>
            {
                if (((string)message!).Contains("of nobody", StringComparison.Ordinal) || channel == "end-of-nothing")
                {
                    heard.Writer.TryWrite(message!);
                }
            });
        var run = new LoggedRun(LoggedRun.OneStep, "of nobody", "1", _test.Time.Now);
        await run.CompleteAsync(_test.Log);
        await subscriber.PublishAsync(RedisChannel.Literal("end-of-nothing"), "end");

        Assert.Equal("end", await heard.Reader.ReadAsync().AsTask().WaitAsync(Limits.Patience));
        await subscriber.UnsubscribeAsync(RedisChannel.Pattern("*"));
        Assert.Equal(run.State.Version, (await _test.Log.ReadEventsAsync(new FeedQuery(), 0, 100)).Events.Length);
    }

    private async Task RunManyAsync()
    {
        await _test.Redis.StringSetAsync(_test.Key("seq"), 999_999_999_999_990);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            var random = new Random(i);
            var run = LoggedRun.Random(random, $"m{i % 3}ü", $"{i}", _test.Time.Now);
            var log = _test.Open();
            await run.AcceptAsync(log);
            while (!await run.StepAsync(log, random))
            {
            }
        }));
        Assert.True((await _test.Log.ReadEventsAsync(new FeedQuery(), 0, 101)).Events.Length > 100);
    }

    private static ImmutableArray<FeedEvent> Shown(StreamEntry entry) => FeedReader.EventsOf(
        (long)entry["last"], entry["run"]!, new RunKey(entry["match"]!, entry["round"]!), entry["record"]!);

    private static string Text(FeedEvent e) => Encoding.UTF8.GetString(e.Utf8.Span);
}
