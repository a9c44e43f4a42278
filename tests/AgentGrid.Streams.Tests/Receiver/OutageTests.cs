using System.Globalization;
using AgentGrid.Streams.Tests.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AgentGrid.Streams.Tests.Receiver;

/// <summary>Redis goes away, and comes back.</summary>
public sealed class OutageTests
{
    [Theory]
    [InlineData("yes")]
    [InlineData("no")]
    public async Task ReadAsync_ServerKilledAndBack_GoesOnAndLogsOnce(string keepsItsData)
    {
        await using var server = await RedisServer.StartAsync("--appendonly", keepsItsData, "--appendfsync", "always");
        var settings = server.Connection;
        // So that it tries again and again in the time that Redis is away.
        settings.BacklogPolicy = BacklogPolicy.FailFast;
        await using var connection = await ConnectionMultiplexer.ConnectAsync(settings);
        var queue = new TestQueue(connection);
        queue.Options.LongestSleep = TimeSpan.FromMilliseconds(500);
        var reader = queue.Open();
        await queue.AppendAsync("a");
        Assert.Equal(["a"], await reader.ReadAsync());
        var reading = reader.ReadAsync();
        server.Kill();
        await Limits.UntilAsync(() => queue.Log.Of(LogLevel.Warning).Length > 0, static () => "It did not notice.");
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        await server.RestartAsync();
        await using var producer = await server.ConnectAsync();
        await producer.GetDatabase().StreamAddAsync(queue.Keys.Stream, [new("stream", "s"), new("text", "b")]);
        Assert.Equal(["b"], await reading);
        // One that is empty has lost what was read, which is worth a line as well.
        Assert.Single(queue.Log.Of(LogLevel.Warning), l => l.StartsWith(
            $"The stream '{queue.Keys.Stream}' cannot be read just now: ", StringComparison.Ordinal));
        Assert.Equal(
            [$"The stream '{queue.Keys.Stream}' can be read again"], queue.Log.Of(LogLevel.Information));
        await queue.AppendAsync("c");
        Assert.Equal(["c"], await reader.ReadAsync());
    }

    // The wake of an append in the meantime is lost; that the connection is there again is one as well.
    [Fact]
    public async Task ReadAsync_ConnectionsKilledWhileItSleeps_GoesOn()
    {
        await using var server = await RedisServer.StartAsync();
        await using var connection = await server.ConnectAsync();
        await using var other = await server.ConnectAsync();
        var queue = new TestQueue(connection);
        var elsewhere = new TestQueue(other, queue.Options.KeyPrefix);
        var reader = queue.Open();
        for (var i = 0; i < 5; i++)
        {
            await queue.AppendAsync("before");
            Assert.Equal(["before"], await reader.ReadAsync());
            var reading = reader.ReadAsync();
            await queue.IsReadAsync();
            await elsewhere.Redis.ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub");
            await elsewhere.Redis.ExecuteAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
            await elsewhere.AppendAsync("after");
            Assert.Equal(["after"], await reading);
        }
    }

    // As when Redis comes back empty, or without its last entries, on a machine whose clock is behind: while others append
    // all the time, and wake it before it has slept for long.
    [Fact]
    public async Task ReadAsync_NewEntriesHaveLowerIds_AreDelivered()
    {
        await using var server = await RedisServer.StartAsync();
        await using var connection = await server.ConnectAsync();
        var queue = new TestQueue(connection);
        queue.Options.LongestSleep = TimeSpan.FromSeconds(1);
        var reader = queue.Open();
        var subscriber = reader.Subscribe();
        var tomorrow = DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeMilliseconds();
        await queue.AddAsync("a", string.Create(CultureInfo.InvariantCulture, $"{tomorrow}-5"));
        Assert.Equal(["a"], await reader.ReadAsync());
        Assert.Equal(["a"], subscriber.Rest<string>());
        using var aMoment = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        Assert.Empty(await reader.ReadAsync(aMoment.Token));
        await queue.Redis.KeyDeleteAsync(queue.Keys.Stream);

        var reading = reader.ReadAsync();
        using var stopping = new CancellationTokenSource();
        var appending = AppendAsync();
        var texts = (await reading).ToList();
        await stopping.CancelAsync();
        while (await appending is var count && texts.Count < count)
        {
            texts.AddRange(await reader.ReadAsync());
        }
        Assert.Equal(Enumerable.Range(0, texts.Count).Select(static i => $"{i}"), texts);
        Assert.Equal(texts, subscriber.Rest<string>());
        Assert.Contains(
            $"The stream '{queue.Keys.Stream}' was read up to {tomorrow}-5, and ends with ",
            Assert.Single(queue.Log.Of(LogLevel.Warning)));

        await reader.StopAsync();
        Assert.Equal(await queue.NewestAsync(), await queue.CheckpointAsync());

        async Task<int> AppendAsync()
        {
            var count = 0;
            while (!stopping.IsCancellationRequested)
            {
                await queue.AppendAsync($"{count++}");
                await Task.Delay(20);
            }
            return count;
        }
    }
}
