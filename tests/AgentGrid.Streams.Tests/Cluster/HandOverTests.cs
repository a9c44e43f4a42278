using AgentGrid.Streams.Tests.Hosting;
using Orleans.Streams;
using Orleans.TestingHost;

namespace AgentGrid.Streams.Tests.Cluster;

/// <summary>A queue moves to another silo in the middle of a load.</summary>
public sealed class HandOverTests(SharedRedis redis)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SiloThatReads_IsKilledOrStopped_EverySubscriberGetsEveryNumberInOrder(bool isKilled)
    {
        await using var cluster = await StreamCluster.StartAsync(
            redis, static o => o.Patience = TimeSpan.FromSeconds(2));
        var stream = cluster.NewStream();
        var (reader, other) = (await cluster.ReaderAsync(), await cluster.OtherAsync());
        var (one, many) = (new Inbox(), new Inbox());
        await stream.SubscribeAsync((IAsyncObserver<Numbered>)one);
        await stream.SubscribeAsync((IAsyncBatchObserver<Numbered>)many);
        Inbox[] inboxes =
        [
            one, many, await cluster.SubscribeGrainAsync(stream, reader, many: false),
            await cluster.SubscribeGrainAsync(stream, reader, many: true),
            await cluster.SubscribeGrainAsync(stream, other, many: false),
            await cluster.SubscribeGrainAsync(stream, other, many: true),
        ];
        using var stopping = new CancellationTokenSource();
        var producing = ProduceAsync(stream, reader, stopping.Token);
        await Task.WhenAll(inboxes.Select(static i => i.HasAsync(500)));
        await (isKilled ? cluster.KillAsync(reader) : cluster.StopAsync(reader));
        await Limits.UntilAsync(async () => await cluster.ReaderAsync() == other, static () => "Nobody took the queue over.");
        await Task.Delay(TimeSpan.FromSeconds(1));
        await stopping.CancelAsync();
        var last = await producing;
        await Task.WhenAll(inboxes.Select(i => i.HasAsync(last)));
        Assert.All(inboxes, i =>
        {
            Assert.Equal(Enumerable.Range(1, last), WithoutRepeats(i.Numbers));
            Assert.Equal([], i.Errors.Select(static e => e.ToString()));
        });
    }

    // Five at once again and again, and more than a cache takes as soon as the silo is gone.
    private static async Task<int> ProduceAsync(
        IAsyncStream<Numbered> stream, InProcessSiloHandle silo, CancellationToken cancellationToken)
    {
        var (last, wasActive) = (0, true);
        while (!cancellationToken.IsCancellationRequested)
        {
            var count = wasActive && !silo.IsActive ? 6_000 : 5;
            wasActive = silo.IsActive;
            await Task.WhenAll(Enumerable.Range(last + 1, count).Select(n => stream.OnNextAsync(new Numbered(n))));
            last += count;
            await Task.Delay(5, CancellationToken.None);
        }
        return last;
    }

    private static IEnumerable<int> WithoutRepeats(IEnumerable<int> numbers)
    {
        var most = 0;
        foreach (var number in numbers.Where(n => n > most))
        {
            yield return most = number;
        }
    }
}
