using System.Collections.Immutable;
using AgentGrid.Conformance;
using AgentGrid.GrainClient.Feed;
using AgentGrid.GrainInterfaces.Feed;
using AgentGrid.Runtime;
using AgentGrid.Runtime.Feed;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Cluster.Tests.Feed;

public sealed class FeedTailTests : IAsyncDisposable
{
    private const int Capacity = 64;
    private readonly FakeEventLog _log = new();
    private readonly FeedTail _tail;

    public FeedTailTests() => _tail = new FeedTail(
        new FeedBuffer(Capacity, Platform.Process), _log, Capacity, TimeProvider.System, NullLogger.Instance);

    public ValueTask DisposeAsync() => _tail.DisposeAsync();

    [Fact]
    public async Task Offer_InOrder_ShowsEachAtOnce()
    {
        _log.Append(3);
        await _tail.BeginAsync();

        _tail.Offer(_log.Append(2));

        Assert.Equal([4, 5], Shown(after: 3));
        Assert.Equal(0, _log.Reads);
    }

    [Fact]
    public async Task Offer_ShuffledAndRepeated_ShowsEachOnceInOrder()
    {
        await _tail.BeginAsync();
        var batches = Enumerable.Range(0, 20).Select(_ => _log.Append(3)).ToArray();
        var random = new Random(7);
        var arriving = batches.Concat(batches).ToArray();
        random.Shuffle(arriving);

        var shown = new List<long>();
        foreach (var batch in arriving)
        {
            var head = _tail.Ring.Head;
            _tail.Offer(batch);
            shown.AddRange(Shown(head));
        }

        Assert.Equal(Enumerable.Range(1, 60).Select(i => (long)i), shown);
        Assert.Equal(0, _log.Reads);
    }

    [Fact]
    public async Task Tick_GapThatStays_IsFilledFromTheLog()
    {
        await _tail.BeginAsync();
        _log.Append(2);
        _tail.Offer(_log.Append(1));
        await _tail.TickAsync();
        Assert.Equal(0, _tail.Ring.Head);

        await _tail.TickAsync();

        Assert.Equal([1, 2, 3], Shown(after: 0));
    }

    [Fact]
    public async Task Tick_GapThatClosesByItself_AsksNoLog()
    {
        await _tail.BeginAsync();
        var first = _log.Append(1);
        _tail.Offer(_log.Append(1));
        await _tail.TickAsync();
        _tail.Offer(first);

        await _tail.TickAsync();

        Assert.Equal([1, 2], Shown(after: 0));
        Assert.Equal(0, _log.Reads);
    }

    [Fact]
    public async Task Tick_LastBatchLost_IsNoticedWithinHalfASecond()
    {
        await _tail.BeginAsync();
        _log.Append(2);

        await TickAsync(TimeSpan.FromMilliseconds(500));

        Assert.Equal([1, 2], Shown(after: 0));
        Assert.Equal(2, _tail.Filled);
    }

    [Fact]
    public async Task Offer_FarMoreThanFitsBehindAGap_KeepsLittleAndShowsAll()
    {
        await _tail.BeginAsync();
        _log.Append(1);
        for (var i = 0; i < 100; i++)
        {
            _tail.Offer(_log.Append(10));
        }

        await TickAsync(TimeSpan.FromMilliseconds(100));

        Assert.Equal(1_001, _tail.Ring.Head);
        Assert.Equal(Capacity, Shown(after: 1_001 - Capacity).Length);
    }

    [Fact]
    public async Task Tick_EventsRemovedFromTheLog_AreSkipped()
    {
        await _tail.BeginAsync();
        _log.Append(5);
        _log.Remove(1, 3);

        await TickAsync(TimeSpan.FromMilliseconds(500));

        Assert.Equal(4, _tail.Ring.Oldest);
        Assert.Equal([4, 5], Shown(after: 3));
    }

    [Fact]
    public async Task Tick_RedisLostItsLastEvents_StartsOverAndEndsTheEra()
    {
        await _tail.BeginAsync();
        _tail.Offer(_log.Append(10));
        var before = _tail.Era;
        _log.LoseAfter(4);

        await TickAsync(TimeSpan.FromMilliseconds(500));
        _tail.Offer(_log.Append(1));

        Assert.True(before.Ended.IsCancellationRequested);
        Assert.Equal(4, _tail.Era.Start);
        Assert.False(_tail.Era.Ended.IsCancellationRequested);
        Assert.Equal([5], Shown(after: 4));
    }

    [Fact]
    public async Task Tick_NumbersThatRedisLostAreInUseAgain_StartsOverBeforeThem()
    {
        await _tail.BeginAsync();
        _tail.Offer(_log.Append(10));
        _log.LoseAfter(4);
        var others = _log.Append(20);

        await TickAsync(TimeSpan.FromMilliseconds(500));

        Assert.Equal(4, _tail.Era.Start);
        Assert.True(_tail.Ring.TryRead(4, Capacity, out var shown));
        Assert.Equal(others.Frames.Select(f => f.Stage), shown.Select(e => e.Stage));
    }

    [Fact]
    public async Task Tick_OldEventsRemovedFromTheLog_IsNotTakenForALoss()
    {
        await _tail.BeginAsync();
        var era = _tail.Era;
        _tail.Offer(_log.Append(10));
        _log.Remove(1, 10);

        await TickAsync(TimeSpan.FromMilliseconds(500));

        Assert.Same(era, _tail.Era);
        Assert.Equal(10, Shown(after: 0).Length);
    }

    [Fact]
    public async Task Tick_BatchOfEventsThatRedisLost_IsNeverShown()
    {
        await _tail.BeginAsync();
        var lost = _log.Append(10);
        _log.LoseAfter(0);
        _tail.Offer(new FeedBatch(lost.Frames.RemoveRange(0, 5)));
        await TickAsync(TimeSpan.FromMilliseconds(100));
        var real = _log.Append(10);

        _tail.Offer(real);

        Assert.True(_tail.Ring.TryRead(0, Capacity, out var shown));
        Assert.Equal(real.Frames.Select(f => f.Utf8), shown.Select(e => e.Utf8.ToArray()));
    }

    [Fact]
    public async Task Start_RedisAwayForAWhile_GoesOnAfterwards()
    {
        await _tail.StartAsync();
        _log.Away = true;
        _log.Append(3);
        await Limits.EventuallyAsync(() => new(_log.Refusals > 0), () => new("nobody has found it away"));
        _log.Away = false;

        var seen = await _tail.Ring.WaitAsync(
            0, new Core.Feed.FeedQuery(After: null), TestContext.Current.CancellationToken);

        Assert.Equal(0, seen);
        Assert.Equal([1, 2, 3], Shown(after: 0));
    }

    [Fact]
    public async Task Offer_BeforeTheStart_IsLeftToTheLog()
    {
        _tail.Offer(_log.Append(2));

        await _tail.BeginAsync();

        Assert.Equal(2, _tail.Ring.Head);
        Assert.Empty(Shown(after: 2));
    }

    private ImmutableArray<long> Shown(long after)
    {
        Assert.True(_tail.Ring.TryRead(after, int.MaxValue, out var events));
        return [.. events.Select(e => e.Seq)];
    }

    private async Task TickAsync(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromMilliseconds(50))
        {
            await _tail.TickAsync();
        }
    }
}
