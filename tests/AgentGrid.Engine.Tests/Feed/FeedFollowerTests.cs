using System.Collections.Immutable;
using AgentGrid.Core.Feed;
using AgentGrid.Engine;
using AgentGrid.Engine.Feed;

namespace AgentGrid.Engine.Tests.Feed;

/// <summary>Readers that know a number which the ring does not know yet, or will never know.</summary>
public sealed class FeedFollowerTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly FeedBuffer _ring = new(16, Platform.Process);
    private readonly CancellationTokenSource _stop = new();
    private readonly Queue<long> _kept = new();
    private readonly FeedFollower _follower;
    private IAsyncEnumerator<ImmutableArray<FeedEvent>>? _feed;

    public FeedFollowerTests()
    {
        Publish(1, 3);
        _follower = new FeedFollower(
            _ring, (_, _, _) => throw new InvalidOperationException("The ring has everything."),
            () => ValueTask.FromResult(_kept.Count > 1 ? _kept.Dequeue() : _kept.Peek()), TimeProvider.System, _stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_feed is not null)
        {
            await _feed.DisposeAsync();
        }
        _stop.Dispose();
    }

    [Fact]
    public async Task Follow_AheadOfTheRingAlone_WaitsForItAndIsToldNothing()
    {
        _kept.Enqueue(5);
        var next = NextAsync(after: 5);

        // So long that it asks what is kept, and more than once.
        await Assert.ThrowsAsync<TimeoutException>(() => next.WaitAsync(TimeSpan.FromMilliseconds(350)));
        Publish(4, 5);
        Publish(6, 6);

        Assert.Equal([6], (await next.WaitAsync(Patience)).Select(e => e.Seq));
        Assert.Equal(6, _follower.Seen);
    }

    [Fact]
    public async Task Follow_AheadOfTheRingByWhatIsThenLost_IsTold()
    {
        _kept.Enqueue(5);
        _kept.Enqueue(3);

        var told = await NextAsync(after: 5).WaitAsync(Patience);

        Assert.Equal((Stages.Reset, 0), (told[0].Stage, told[0].Seq));
        Assert.Equal([1, 2, 3], (await NextAsync()).Select(e => e.Seq));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(long.MaxValue)]
    public async Task Follow_BeyondEverything_IsToldAndGetsEverything(long after)
    {
        _kept.Enqueue(3);

        var told = await NextAsync(after).WaitAsync(Patience);

        Assert.Equal(Stages.Reset, Assert.Single(told).Stage);
        Assert.Equal([1, 2, 3], (await NextAsync()).Select(e => e.Seq));
        Assert.Equal(3, _follower.Seen);
    }

    [Fact]
    public async Task Follow_BeyondEverythingWhenTheFeedEnds_Ends()
    {
        _kept.Enqueue(long.MaxValue);
        _feed = _follower.FollowAsync(new FeedQuery(9)).GetAsyncEnumerator();
        var next = _feed.MoveNextAsync().AsTask();

        await _stop.CancelAsync();

        Assert.False(await next.WaitAsync(Patience));
    }

    private async Task<ImmutableArray<FeedEvent>> NextAsync(long after = 0)
    {
        _feed ??= _follower.FollowAsync(new FeedQuery(after)).GetAsyncEnumerator();
        Assert.True(await _feed.MoveNextAsync());
        return _feed.Current;
    }

    private void Publish(long from, long to) => _ring.Publish(
        [.. Enumerable.Range((int)from, (int)(to - from + 1)).Select(seq => new FeedEvent(seq, default, "m", "a", false, default))]);
}
