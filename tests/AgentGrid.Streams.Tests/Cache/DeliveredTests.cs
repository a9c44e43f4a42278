using AgentGrid.Streams.Tests.Hosting;
using static AgentGrid.Streams.Tests.Cache.CacheEntries;

namespace AgentGrid.Streams.Tests.Cache;

/// <summary>What may be written down as delivered: never what somebody has yet to be given.</summary>
public sealed class DeliveredTests
{
    private readonly RedisQueueCache _cache = new(size: 4, mostAdded: 4, mostDelivered: 3);

    [Fact]
    public void Delivered_WithoutEntries_IsUnknown() => Assert.Null(_cache.Delivered());

    [Fact]
    public void Delivered_WithoutSubscribers_IsTheNewest()
    {
        _cache.Add(A, 10, 20);
        Assert.Equal(20, _cache.Delivered());
    }

    [Fact]
    public void Delivered_WhatIsBeingDelivered_CountsWhenItIsAskedOn()
    {
        var cursor = _cache.Subscribe(A);
        _cache.Add(A, 10, 20, 30, 40);
        Assert.Equal(9, _cache.Delivered());
        Assert.Equal([10, 20, 30], cursor.Next<long>());
        Assert.Equal(9, _cache.Delivered());
        Assert.Equal([40], cursor.Next<long>());
        Assert.Equal(39, _cache.Delivered());
        Assert.Empty(cursor.Next<long>());
        Assert.Equal(40, _cache.Delivered());
    }

    [Fact]
    public void Delivered_SeveralSubscribers_IsWhatTheSlowestHas()
    {
        var (quick, slow) = (_cache.Subscribe(A), _cache.Subscribe(A));
        _cache.Add(A, 10);
        _cache.Add(B, 20);
        _cache.Add(A, 30);
        Assert.Equal([10, 30], quick.Rest<long>());
        Assert.Equal(9, _cache.Delivered());
        slow.Rest<long>();
        Assert.Equal(30, _cache.Delivered());
    }

    [Fact]
    public void Delivered_SubscriberOfAQuietStream_HoldsNothingUp()
    {
        var quiet = _cache.Subscribe(A);
        Assert.Empty(quiet.Next<long>());
        _cache.Add(A, 10);
        Assert.Equal([10], quiet.Rest<long>());
        _cache.Add(B, 20, 30);
        Assert.Equal(30, _cache.Delivered());
    }

    // The agent puts such a cursor where a stream begins, until it knows the stream's subscribers.
    [Fact]
    public void Delivered_CursorThatIsNeverMoved_PinsItsPlace()
    {
        _cache.Add(A, 10, 20);
        var pin = _cache.Subscribe(A, 20);
        _cache.Add(A, 30);
        Assert.Equal(19, _cache.Delivered());
        var subscriber = _cache.Subscribe(A, 20);
        pin.Dispose();
        Assert.Equal(19, _cache.Delivered());
        subscriber.Rest<long>();
        _cache.Add(A, 40);
        subscriber.Rest<long>();
        Assert.Equal(40, _cache.Delivered());
    }

    [Fact]
    public void Delivered_SubscriberFellOut_IsBeforeWhatIsKept()
    {
        var cursor = _cache.Subscribe(A);
        _cache.Add(A, 10, 20, 30, 40);
        Assert.Equal([10, 20, 30], cursor.Next<long>());
        _cache.Add(A, 50, 60);
        Assert.Equal(29, _cache.Delivered());
    }

    // An agent that stops disposes of all cursors, and then asks its receiver to write down what has been delivered.
    [Fact]
    public void Delivered_SubscriberHasGone_CountsItsRestUntilTheAgentReadsOn()
    {
        var cursor = _cache.Subscribe(A);
        _cache.Add(A, 10, 20, 30, 40);
        Assert.Equal([10, 20, 30], cursor.Next<long>());
        cursor.Dispose();
        cursor.Dispose();
        Assert.Equal(9, _cache.Delivered());
        _cache.TryPurgeFromCache(out _);
        Assert.Equal(40, _cache.Delivered());
    }
}
