using AgentGrid.Streams.Tests.Hosting;

namespace AgentGrid.Streams.Tests.Receiver;

/// <summary>Where a receiver goes on that takes a queue over.</summary>
public sealed class CheckpointTests(SharedRedis redis)
{
    private readonly TestQueue _queue = redis.NewQueue();

    // Nobody has read them yet: also what was appended before the first silo came is delivered.
    [Fact]
    public async Task ReadAsync_NothingWasEverDelivered_BeginsWithTheFirst()
    {
        await _queue.AppendAsync("a");
        Assert.Equal(["a"], await _queue.Open().ReadAsync());
        await _queue.AppendAsync("b");
        Assert.Equal(["a", "b"], await _queue.Open().ReadAsync());
    }

    [Fact]
    public async Task Shutdown_AllDelivered_SuccessorGoesOnBehind()
    {
        var reader = _queue.Open();
        var subscriber = reader.Subscribe();
        await _queue.AppendAsync("a");
        await reader.ReadAsync();
        Assert.Equal(["a"], subscriber.Rest<string>());
        await reader.StopAsync();
        Assert.Equal(await _queue.NewestAsync(), await _queue.CheckpointAsync());
        await _queue.AppendAsync("b");
        Assert.Equal(["b"], await _queue.Open().ReadAsync());
    }

    [Fact]
    public async Task Shutdown_InTheMiddleOfADelivery_SuccessorDeliversItAgain()
    {
        await _queue.AppendAsync("a");
        var reader = _queue.Open();
        var subscriber = reader.Subscribe();
        await reader.ReadAsync();
        Assert.Equal(["a"], subscriber.Rest<string>());
        await _queue.AppendAsync("b");
        await _queue.AppendAsync("c");
        await reader.ReadAsync(2);
        Assert.Equal(["b", "c"], subscriber.Next<string>());
        await reader.StopAsync();
        Assert.Equal(["b", "c"], await _queue.Open().ReadAsync());
    }

    [Fact]
    public async Task Shutdown_ReadButNotInTheCache_SuccessorDeliversIt()
    {
        await _queue.AppendAsync("a");
        var reader = _queue.Open();
        await reader.ReadAsync();
        await _queue.AppendAsync("b");
        await reader.LoseReadAsync();
        await reader.StopAsync();
        Assert.Equal(["b"], await _queue.Open().ReadAsync());
    }

    [Fact]
    public async Task ReadAsync_DeliveredInTheMeantime_IsWrittenDownWhileItSleeps()
    {
        _queue.Options.CheckpointInterval = TimeSpan.FromMilliseconds(100);
        var reader = _queue.Open();
        var subscriber = reader.Subscribe();
        await _queue.AppendAsync("a");
        await reader.ReadAsync();
        var reading = reader.ReadAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(300));
        Assert.NotEqual(await _queue.NewestAsync(), await _queue.CheckpointAsync());
        Assert.Equal(["a"], subscriber.Rest<string>());
        var newest = await _queue.NewestAsync();
        await Limits.UntilAsync(async () => await _queue.CheckpointAsync() == newest, static () => "It was not written down.");
        await _queue.AppendAsync("b");
        Assert.Equal(["b"], await reading);
    }

    [Fact]
    public async Task ReadAsync_UnderLoad_IsWrittenDownInBetween()
    {
        _queue.Options.CheckpointInterval = TimeSpan.FromMilliseconds(1);
        var reader = _queue.Open();
        await _queue.AppendAsync("a");
        await reader.ReadAsync();
        var newest = await _queue.NewestAsync();
        await Task.Delay(5);
        await _queue.AppendAsync("b");
        await reader.ReadAsync();
        Assert.Equal(newest, await _queue.CheckpointAsync());
    }

    [Fact]
    public async Task ReadAsync_Successor_HasWhatWasBeforeForThoseWhoAskForIt()
    {
        var first = _queue.Open();
        await _queue.AppendAsync("a");
        await _queue.AppendAsync("b");
        await first.ReadAsync(2);
        await first.StopAsync();
        await _queue.AppendAsync("c");
        var successor = _queue.Open();
        Assert.Equal(["c"], await successor.ReadAsync());
        Assert.Equal(["a", "b", "c"], successor.Subscribe("s", successor.Earliest()).Rest<string>());
    }

    [Fact]
    public async Task Shutdown_SubscriberAsksForWhatHasBeen_CheckpointDoesNotGoBack()
    {
        var first = _queue.Open();
        await _queue.AppendAsync("a");
        await _queue.AppendAsync("b");
        await first.ReadAsync(2);
        await first.StopAsync();
        var checkpoint = await _queue.CheckpointAsync();
        var successor = _queue.Open();
        await _queue.AppendAsync("c");
        await successor.ReadAsync();
        Assert.NotNull(successor.Subscribe("s", successor.Earliest()));
        await successor.StopAsync();
        Assert.Equal(checkpoint, await _queue.CheckpointAsync());
    }

    [Fact]
    public async Task ReadAsync_CheckpointThatIsNone_BeginsWithTheFirst()
    {
        await _queue.AppendAsync("a");
        await _queue.Redis.StringSetAsync(_queue.Keys.Checkpoint, "yesterday");
        Assert.Equal(["a"], await _queue.Open().ReadAsync());
    }
}
