using System.Diagnostics;
using AgentGrid.Streams.Tests.Hosting;

namespace AgentGrid.Streams.Tests.Receiver;

/// <summary>What a receiver does while there is nothing to read, and what ends it.</summary>
public sealed class WakingTests(SharedRedis redis)
{
    // Long enough for a machine that stands still for a moment, and far below all that a receiver does by itself.
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(10);

    private readonly TestQueue _queue = redis.NewQueue();

    [Fact]
    public async Task ReadAsync_EntriesAreThere_GivesThemAtOnce()
    {
        await _queue.AppendAsync("a", "b");
        await _queue.AppendAsync("c");
        Assert.Equal(["a", "b", "c"], await _queue.Open().ReadAsync().WaitAsync(s_soon));
    }

    [Fact]
    public async Task ReadAsync_OneAppends_IsWokenWithinMilliseconds()
    {
        var reader = _queue.Open();
        var times = new List<TimeSpan>();
        for (var i = 0; i < 20; i++)
        {
            var reading = reader.ReadAsync();
            await _queue.IsReadAsync();
            var since = Stopwatch.GetTimestamp();
            await _queue.AppendAsync($"{i}");
            Assert.Equal([$"{i}"], await reading.WaitAsync(s_soon));
            times.Add(Stopwatch.GetElapsedTime(since));
        }
        Assert.True(times.Order().ElementAt(times.Count / 2) < TimeSpan.FromMilliseconds(50), string.Join(' ', times));
    }

    // Appends come before, between and after the commands of a read.
    [Fact]
    public async Task ReadAsync_AppendsAtAnyMoment_NoneIsOverslept()
    {
        await using var other = await SharedRedis.Server.ConnectAsync();
        var (reader, elsewhere) = (_queue.Open(), new TestQueue(other, _queue.Options.KeyPrefix));
        for (var i = 0; i < 1_000; i++)
        {
            var reading = reader.ReadAsync();
            Thread.SpinWait(i % 50 * 100);
            await elsewhere.AppendAsync($"{i}");
            Assert.Equal([$"{i}"], await reading);
        }
    }

    // In one step with something else; it knows nothing of the stream but its name.
    [Fact]
    public async Task ReadAsync_AScriptOfOnesOwnAppends_IsWokenAtOnce()
    {
        var script = AppendScript.Text + """
            redis.call('INCR', KEYS[2])
            appendTo(KEYS[1], 100, 'stream', 's', 'text', 'of my own')
            """;
        var reading = _queue.Open().ReadAsync();
        await _queue.IsReadAsync();
        await _queue.Redis.ScriptEvaluateAsync(script, [_queue.Keys.Stream, $"{_queue.Keys.Stream}:count"]);
        Assert.Equal(["of my own"], await reading.WaitAsync(s_soon));
    }

    [Fact]
    public async Task ReadAsync_PlainXadd_IsFoundAfterTheLongestSleep()
    {
        _queue.Options.LongestSleep = TimeSpan.FromSeconds(1);
        var since = Stopwatch.GetTimestamp();
        var reading = _queue.Open().ReadAsync();
        await _queue.IsReadAsync();
        await _queue.AddAsync("unannounced");
        Assert.Equal(["unannounced"], await reading);
        Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.FromSeconds(0.9), s_soon);
    }

    [Fact]
    public async Task ReadAsync_Cancelled_EndsAtOnceWithNothing()
    {
        using var stopping = new CancellationTokenSource();
        var reader = _queue.Open();
        var reading = reader.ReadAsync(stopping.Token);
        await _queue.IsReadAsync();
        await stopping.CancelAsync();
        Assert.Empty(await reading.WaitAsync(s_soon));
        Assert.Empty(await reader.ReadAsync(stopping.Token).WaitAsync(s_soon));
    }

    [Fact]
    public async Task ReadAsync_NothingComes_SendsNothing()
    {
        await using var server = await RedisServer.StartAsync();
        await using var connection = await server.ConnectAsync();
        var queue = new TestQueue(connection);
        await queue.AppendAsync("a");
        var reader = queue.Open();
        await reader.ReadAsync();
        using var stopping = new CancellationTokenSource();
        var reading = reader.ReadAsync(stopping.Token);
        await Limits.UntilAsync(
            async () => (await CommandCalls.CountAsync(connection)).GetValueOrDefault("xread") == 2,
            static () => "It did not look whether there is more.");
        await Task.Delay(TimeSpan.FromMilliseconds(100));
        var before = await CommandCalls.CountAsync(connection);
        await Task.Delay(TimeSpan.FromSeconds(2));
        Assert.Equal(before, await CommandCalls.CountAsync(connection));
        await stopping.CancelAsync();
        Assert.Empty(await reading);
    }

    [Fact]
    public async Task ReadAsync_NothingComes_LooksOnceInTheLongestSleep()
    {
        await using var server = await RedisServer.StartAsync();
        await using var connection = await server.ConnectAsync();
        var queue = new TestQueue(connection);
        queue.Options.LongestSleep = TimeSpan.FromMilliseconds(400);
        using var stopping = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        Assert.Empty(await queue.Open().ReadAsync(stopping.Token));
        Assert.InRange((await CommandCalls.CountAsync(connection))["xread"], 2, 6);
    }
}
