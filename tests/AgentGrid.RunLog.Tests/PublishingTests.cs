using System.Text;
using System.Threading.Channels;
using AgentGrid.Core.Feed;
using AgentGrid.RunLog.Tests.Hosting;
using AgentGrid.RunLog.Tests.Runs;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

public sealed class PublishingTests(SharedRedis redis)
{
    private readonly TestLog _test = redis.NewLog();

    [Fact]
    public async Task Channel_ManyWriters_GetsEveryEventInTheOrderOfTheNumbers()
    {
        var subscription = await redis.Connection.GetSubscriber()
            .SubscribeAsync(RedisChannel.Literal(_test.Options.Channel!));
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

        var expected = (await _test.Log.ReadEventsAsync(new FeedQuery(), 0, 100_000)).Events;
        using var patience = new CancellationTokenSource(RedisServer.Patience);
        foreach (var e in expected)
        {
            var message = await subscription.ReadAsync(patience.Token);
            Assert.Equal(Encoding.UTF8.GetString(e.Utf8.Span), (string?)message.Message);
        }
        Assert.False(subscription.TryRead(out _));
        Assert.True(expected.Length > 100);
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

        Assert.Equal("end", await heard.Reader.ReadAsync().AsTask().WaitAsync(RedisServer.Patience));
        await subscriber.UnsubscribeAsync(RedisChannel.Pattern("*"));
        Assert.Equal(run.State.Version, (await _test.Log.ReadEventsAsync(new FeedQuery(), 0, 100)).Events.Length);
    }
}
