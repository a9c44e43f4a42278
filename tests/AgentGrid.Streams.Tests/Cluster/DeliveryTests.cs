using AgentGrid.Streams.Tests.Hosting;
using Orleans.Streams;

namespace AgentGrid.Streams.Tests.Cluster;

/// <summary>Events come to subscribers in grains, on either silo, and in a client.</summary>
public sealed class DeliveryTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private readonly StreamCluster _cluster = fixture.Cluster;

    [Fact]
    public async Task OnNextAsync_OneByOne_ComeOnceAndInOrder()
    {
        var stream = _cluster.NewStream();
        var inboxes = await SubscribeAllAsync(stream, many: false);
        for (var i = 1; i <= 100; i++)
        {
            await stream.OnNextAsync(new Numbered(i));
        }
        await AllHaveAsync(inboxes, 100);
    }

    [Fact]
    public async Task OnNextBatchAsync_Several_ComeOnceAndInOrder()
    {
        var stream = _cluster.NewStream();
        Inbox[] inboxes = [.. await SubscribeAllAsync(stream, many: false), .. await SubscribeAllAsync(stream, many: true)];
        for (var i = 1; i <= 100; i += 10)
        {
            await stream.OnNextBatchAsync(Enumerable.Range(i, 10).Select(static n => new Numbered(n)));
        }
        await AllHaveAsync(inboxes, 100);
    }

    // They were appended one by one, and many calls would be dearer than many events.
    [Fact]
    public async Task BatchObserver_ManyEntries_GetsManyInACall()
    {
        var stream = _cluster.NewStream();
        var inboxes = await SubscribeAllAsync(stream, many: true);
        await ProduceAsync(stream, 1, 1);
        await AllHaveAsync(inboxes, 1);
        await ProduceAsync(stream, 2, 200);
        await AllHaveAsync(inboxes, 200);
        Assert.All(inboxes, static i => Assert.True(
            i.Calls.Count < 100 && i.Calls.Max() > 10, $"The calls had {string.Join(' ', i.Calls)} events."));
    }

    [Fact]
    public async Task RequestContext_OfEachEvent_ComesWithIt()
    {
        var stream = _cluster.NewStream();
        var inboxes = await SubscribeAllAsync(stream, many: false);
        for (var i = 1; i <= 20; i++)
        {
            RequestContext.Set(Inbox.ContextKey, i);
            await stream.OnNextAsync(new Numbered(i));
        }
        RequestContext.Clear();
        await stream.OnNextAsync(new Numbered(21));
        await AllHaveAsync(inboxes, 21);
        Assert.All(inboxes, static i => Assert.Equal([.. Enumerable.Range(1, 20).Select(n => (object?)n), null], i.Contexts));
    }

    [Fact]
    public async Task SubscribeAsync_WithAToken_GetsWhatHasBeenFromThere()
    {
        var stream = _cluster.NewStream();
        var first = new Inbox();
        await stream.SubscribeAsync((IAsyncObserver<Numbered>)first);
        await ProduceAsync(stream, 1, 10);
        await first.HasAsync(10);
        var rewound = new Inbox();
        await stream.SubscribeAsync((IAsyncObserver<Numbered>)rewound, first.Tokens[3]);
        await rewound.HasAsync(10);
        await ProduceAsync(stream, 11, 12);
        await rewound.HasAsync(12);
        Assert.Equal(Enumerable.Range(4, 9), rewound.Numbers);
        await first.HasAsync(12);
        Assert.Equal(Enumerable.Range(1, 12), first.Numbers);
    }

    [Fact]
    public async Task SubscribeAsync_AfterTheFirstEvents_GetsThemOnlyWhenItAsks()
    {
        var stream = _cluster.NewStream();
        await ProduceAsync(stream, 1, 3);
        // Another stream of the same queue shows that they have been read, with nobody there to get them.
        var other = _cluster.NewStream();
        var inbox = new Inbox();
        await other.SubscribeAsync((IAsyncObserver<Numbered>)inbox);
        await ProduceAsync(other, 1, 1);
        await inbox.HasAsync(1);

        var (late, earliest) = (new Inbox(), new Inbox());
        await stream.SubscribeAsync((IAsyncObserver<Numbered>)late);
        await stream.SubscribeAsync((IAsyncObserver<Numbered>)earliest, StreamSubscriptionStartPosition.EarliestAvailable);
        await ProduceAsync(stream, 4, 5);
        await earliest.HasAsync(5);
        await late.HasAsync(5);
        Assert.Equal([1, 2, 3, 4, 5], earliest.Numbers);
        Assert.Equal([4, 5], late.Numbers);
    }

    [Fact]
    public async Task Subscriber_IsSlow_OthersDoNotWaitAndItMissesNothing()
    {
        var stream = _cluster.NewStream();
        var (slow, quick) = (new Inbox { StopsAt = 1 }, new Inbox());
        await _cluster.SubscribeGrainAsync(stream, await _cluster.OtherAsync(), many: true, slow);
        await stream.SubscribeAsync((IAsyncObserver<Numbered>)quick);
        await ProduceAsync(stream, 1, 1);
        await slow.Reached;
        await ProduceAsync(stream, 2, 100);
        await quick.HasAsync(100);
        Assert.Equal([1], slow.Numbers);
        slow.LetOn();
        await slow.HasAsync(100);
        Assert.Equal(Enumerable.Range(1, 100), slow.Numbers);
    }

    [Fact]
    public async Task Subscriber_FallsOutOfTheCache_IsToldAndGoesOnWithTheNewest()
    {
        const int Last = 2 * ClusterFixture.CacheSize;
        var stream = _cluster.NewStream();
        var (slow, quick) = (new Inbox { StopsAt = 1 }, new Inbox());
        await stream.SubscribeAsync((IAsyncObserver<Numbered>)slow);
        await _cluster.SubscribeGrainAsync(stream, await _cluster.ReaderAsync(), many: true, quick);
        await ProduceAsync(stream, 1, 1);
        await slow.Reached;
        await ProduceAsync(stream, 2, Last);
        await quick.HasAsync(Last);
        slow.LetOn();
        await Limits.UntilAsync(() => !slow.Errors.IsEmpty, static () => "It was not told.");
        await ProduceAsync(stream, Last + 1, Last + 2);
        await slow.HasAsync(Last + 2);
        Assert.Equal([1, Last + 1, Last + 2], slow.Numbers);
        Assert.IsType<QueueCacheMissException>(Assert.Single(slow.Errors));
        Assert.Equal(Enumerable.Range(1, Last), quick.Numbers.Take(Last));
        Assert.Empty(quick.Errors);
    }

    // Reading is much quicker than delivering.
    [Fact]
    public async Task Subscriber_DoesItsBest_MissesNothingOfAGreatBurst()
    {
        const int Last = 10 * ClusterFixture.CacheSize;
        var stream = _cluster.NewStream();
        Inbox[] inboxes = [.. await SubscribeAllAsync(stream, many: true), .. await SubscribeAllAsync(stream, many: false)];
        await ProduceAsync(stream, 1, Last);
        await AllHaveAsync(inboxes, Last);
    }

    [Fact]
    public async Task Subscriber_OfAQuietStreamBesideABusyOne_MissesNothing()
    {
        var (quiet, busy) = (_cluster.NewStream(), _cluster.NewStream());
        var (inbox, other) = (new Inbox(), new Inbox());
        await quiet.SubscribeAsync((IAsyncObserver<Numbered>)inbox);
        await busy.SubscribeAsync((IAsyncBatchObserver<Numbered>)other);
        await ProduceAsync(quiet, 1, 1);
        await inbox.HasAsync(1);
        await ProduceAsync(busy, 1, 2 * ClusterFixture.CacheSize);
        await other.HasAsync(2 * ClusterFixture.CacheSize);
        await ProduceAsync(quiet, 2, 2);
        await inbox.HasAsync(2);
        Assert.Equal([1, 2], inbox.Numbers);
        Assert.Empty(inbox.Errors);
    }

    [Fact]
    public async Task ImplicitSubscription_ColdStream_GetsTheFirstEvent()
    {
        var stream = _cluster.Client.GetStreamProvider(StreamCluster.Events)
            .GetStream<Numbered>(StreamId.Create(ImplicitGrain.Namespace, "cold"));
        var inbox = Inbox.Of($"{ImplicitGrain.Namespace}|cold");
        await ProduceAsync(stream, 1, 20);
        await inbox.HasAsync(20);
        Assert.Equal(Enumerable.Range(1, 20), inbox.Numbers);
    }

    [Fact]
    public async Task SeveralQueues_ManyStreams_EachComesOnceAndInOrder()
    {
        const int Streams = 20, Each = 20;
        var streams = Enumerable.Range(0, Streams).Select(_ => _cluster.NewStream(StreamCluster.Spread)).ToArray();
        var inboxes = streams.Select(static _ => new Inbox()).ToArray();
        await Task.WhenAll(streams.Zip(inboxes, static (s, i) => s.SubscribeAsync((IAsyncBatchObserver<Numbered>)i)));
        await Task.WhenAll(streams.Select(static s => ProduceAsync(s, 1, Each)));
        await AllHaveAsync(inboxes, Each);
        for (var queue = 0u; queue < StreamCluster.SpreadQueues; queue++)
        {
            Assert.NotNull(await _cluster.ReaderAsync(StreamCluster.Spread, queue));
        }
    }

    [Fact]
    public async Task FormatOfOnesOwn_EntryOfAnotherProgram_ComesToSubscribers()
    {
        var inboxes = new List<string>();
        await _cluster.Client.GetStreamProvider(StreamCluster.Texts)
            .GetStream<string>(StreamId.Create(TextFormat.Namespace, "s"))
            .SubscribeAsync((text, _) =>
            {
                lock (inboxes)
                {
                    inboxes.Add(text);
                }
                return Task.CompletedTask;
            });
        await _cluster.AppendTextAsync("s", "hello");
        await Limits.UntilAsync(() => inboxes.Count > 0, static () => "Nothing came.");
        Assert.Equal(["hello"], inboxes);
    }

    private static Task ProduceAsync(IAsyncStream<Numbered> stream, int first, int last) => Task.WhenAll(
        Enumerable.Range(first, last - first + 1).Select(n => stream.OnNextAsync(new Numbered(n))));

    private static async Task AllHaveAsync(IEnumerable<Inbox> inboxes, int last)
    {
        foreach (var inbox in inboxes)
        {
            await inbox.HasAsync(last);
            Assert.Equal(Enumerable.Range(1, last), inbox.Numbers);
            Assert.Equal([], inbox.Errors.Select(static e => e.ToString()));
        }
    }

    /// <summary>In a grain on the silo that reads the queue, in one on the other, and in the client.</summary>
    private async Task<Inbox[]> SubscribeAllAsync(IAsyncStream<Numbered> stream, bool many)
    {
        var reader = await _cluster.ReaderAsync();
        var inbox = new Inbox();
        await (many
            ? stream.SubscribeAsync((IAsyncBatchObserver<Numbered>)inbox) : stream.SubscribeAsync((IAsyncObserver<Numbered>)inbox));
        return
        [
            await _cluster.SubscribeGrainAsync(stream, reader, many),
            await _cluster.SubscribeGrainAsync(stream, await _cluster.OtherAsync(), many),
            inbox,
        ];
    }
}
