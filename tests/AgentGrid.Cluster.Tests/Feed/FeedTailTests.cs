using System.Collections.Immutable;
using AgentGrid.Cluster.Tests.Nodes;
using AgentGrid.Conformance;
using AgentGrid.Engine;
using AgentGrid.Engine.Feed;
using AgentGrid.GrainClient.Feed;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Cluster.Tests.Feed;

public sealed class FeedTailTests : IAsyncDisposable
{
    private const int Capacity = 64;
    private readonly FakeEventLog _log = new();
    private readonly ManualTime _time = new();
    private readonly FeedTail _tail;

    public FeedTailTests() => _tail = new FeedTail(
        new FeedBuffer(Capacity, Platform.Process), _log, _time, NullLogger.Instance);

    public ValueTask DisposeAsync() => _tail.DisposeAsync();

    [Fact]
    public async Task Offer_InOrder_ShowsEachAtOnce()
    {
        _log.Append(3);
        await _tail.BeginAsync();

        _tail.Offer([_log.Append(2)]);

        Assert.Equal([4, 5], Shown(after: 3));
        Assert.Equal(0, _log.Reads);
    }

    [Fact]
    public async Task Offer_Repeated_ShowsEachOnce()
    {
        await _tail.BeginAsync();
        var turns = Enumerable.Range(0, 20).Select(_ => _log.Append(3)).ToArray();

        foreach (var some in turns.Chunk(3))
        {
            _tail.Offer(some);
            _tail.Offer(turns[..5]);
        }

        Assert.Equal(Enumerable.Range(1, 60).Select(i => (long)i), Shown(after: 0));
        Assert.Equal(0, _log.Reads);
    }

    [Fact]
    public async Task Offer_BeginsInTheMiddleOfATurn_ShowsTheRest()
    {
        await _tail.BeginAsync();
        var turn = _log.Append(5);
        _log.LoseAfter(2);
        await LookAsync();
        Assert.Equal([1, 2], Shown(after: 0));

        _tail.Offer([turn]);

        Assert.Equal([1, 2, 3, 4, 5], Shown(after: 0));
    }

    [Fact]
    public async Task CatchUp_Gap_IsFilledFromTheLog()
    {
        await _tail.BeginAsync();
        await LookAsync();
        _log.Append(2);
        _tail.Offer([_log.Append(1), _log.Append(1)]);
        Assert.Equal(0, _tail.Ring.Head);

        await _tail.CatchUpAsync();

        Assert.Equal([1, 2, 3, 4], Shown(after: 0));
        Assert.Equal(4, _tail.Filled);
    }

    [Fact]
    public async Task CatchUp_RecordTooLargeForTheStream_IsReadFromTheLog()
    {
        await _tail.BeginAsync();
        await LookAsync();
        var (first, large, last) = (_log.Append(2), _log.Append(1), _log.Append(2));
        _tail.Offer([first, large with { Record = [] }, last]);
        Assert.Equal([1, 2], Shown(after: 0));

        await _tail.CatchUpAsync();

        Assert.Equal([1, 2, 3, 4, 5], Shown(after: 0));
    }

    [Fact]
    public async Task CatchUp_StreamGoesOnMeanwhile_MissesNothing()
    {
        await _tail.BeginAsync();
        await LookAsync();
        _log.Append(2);
        _tail.Offer([_log.Append(1)]);
        // Comes after the log was read to its end, and before what was read is shown.
        _log.AfterRead = () =>
        {
            _log.AfterRead = null;
            _tail.Offer([_log.Append(3)]);
        };

        await _tail.CatchUpAsync();

        Assert.Equal([1, 2, 3, 4, 5, 6], Shown(after: 0));
    }

    [Fact]
    public async Task CatchUp_StreamBringsNothing_IsNoticedWithinHalfASecond()
    {
        await _tail.BeginAsync();
        await LookAsync();
        _log.Append(2);
        await _tail.CatchUpAsync();
        Assert.Equal(0, _tail.Ring.Head);

        await LookAsync();

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
            _tail.Offer([_log.Append(10)]);
        }

        await LookAsync();

        Assert.Equal(1_001, _tail.Ring.Head);
        Assert.Equal(Capacity, Shown(after: 1_001 - Capacity).Length);
    }

    [Fact]
    public async Task CatchUp_EventsRemovedFromTheLog_AreSkipped()
    {
        await _tail.BeginAsync();
        _log.Append(5);
        _log.Remove(1, 3);

        await LookAsync();

        Assert.Equal(4, _tail.Ring.Oldest);
        Assert.Equal([4, 5], Shown(after: 3));
    }

    [Fact]
    public async Task CatchUp_RedisLostItsLastEvents_StartsOverAndEndsTheEra()
    {
        await _tail.BeginAsync();
        _tail.Offer([_log.Append(10)]);
        var before = _tail.Era;
        _log.LoseAfter(4);

        await LookAsync();
        _tail.Offer([_log.Append(1)]);

        Assert.True(before.Ended.IsCancellationRequested);
        Assert.Equal(4, _tail.Era.Start);
        Assert.False(_tail.Era.Ended.IsCancellationRequested);
        Assert.Equal([5], Shown(after: 4));
    }

    [Fact]
    public async Task CatchUp_NumbersThatRedisLostAreInUseAgain_StartsOverBeforeThem()
    {
        await _tail.BeginAsync();
        _tail.Offer([_log.Append(10)]);
        _log.LoseAfter(4);
        var others = _log.Append(20);

        await LookAsync();

        Assert.Equal(4, _tail.Era.Start);
        Assert.True(_tail.Ring.TryRead(4, Capacity, out var shown));
        Assert.Equal(_log.EventsOf(others).Select(e => e.Stage), shown.Select(e => e.Stage));
    }

    [Fact]
    public async Task CatchUp_OldEventsRemovedFromTheLog_IsNotTakenForALoss()
    {
        await _tail.BeginAsync();
        var era = _tail.Era;
        _tail.Offer([_log.Append(10)]);
        _log.Remove(1, 10);

        await LookAsync();

        Assert.Same(era, _tail.Era);
        Assert.Equal(10, Shown(after: 0).Length);
    }

    [Fact]
    public async Task CatchUp_TurnBehindOneThatRedisLost_IsNeverShown()
    {
        await _tail.BeginAsync();
        _log.Append(5);
        var lost = _log.Append(5);
        _log.LoseAfter(0);
        _tail.Offer([lost]);
        await LookAsync();
        var real = _log.Append(10);

        _tail.Offer([real]);

        Assert.True(_tail.Ring.TryRead(0, Capacity, out var shown));
        Assert.Equal(_log.EventsOf(real), shown);
    }

    [Fact]
    public async Task Start_RedisAwayForAWhile_GoesOnAfterwards()
    {
        await using var tail = new FeedTail(
            new FeedBuffer(Capacity, Platform.Process), _log, TimeProvider.System, NullLogger.Instance);
        await tail.StartAsync();
        _log.Away = true;
        _log.Append(3);
        await Limits.EventuallyAsync(() => new(_log.Refusals > 0), () => new("nobody has found it away"));
        _log.Away = false;

        var seen = await tail.Ring.WaitAsync(
            0, new Core.Feed.FeedQuery(After: null), TestContext.Current.CancellationToken);

        Assert.Equal(0, seen);
        Assert.Equal([1, 2, 3], Shown(tail, after: 0));
    }

    [Fact]
    public async Task Offer_BeforeTheStart_IsLeftToTheLog()
    {
        _tail.Offer([_log.Append(2)]);

        await _tail.BeginAsync();

        Assert.Equal(2, _tail.Ring.Head);
        Assert.Empty(Shown(after: 2));
    }

    private ImmutableArray<long> Shown(long after) => Shown(_tail, after);

    private static ImmutableArray<long> Shown(FeedTail tail, long after)
    {
        Assert.True(tail.Ring.TryRead(after, int.MaxValue, out var events));
        return [.. events.Select(e => e.Seq)];
    }

    private Task LookAsync()
    {
        _time.Advance(TimeSpan.FromMilliseconds(500));
        return _tail.CatchUpAsync();
    }
}
