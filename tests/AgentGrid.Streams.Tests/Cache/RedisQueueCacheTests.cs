using AgentGrid.Streams.Tests.Hosting;
using Orleans.Providers.Streams.Common;
using Orleans.Streams;
using static AgentGrid.Streams.Tests.Cache.CacheEntries;

namespace AgentGrid.Streams.Tests.Cache;

public sealed class RedisQueueCacheTests
{
    private readonly RedisQueueCache _cache = new(size: 4, mostAdded: 4, mostDelivered: 3);

    [Fact]
    public void GetCacheCursor_WithoutToken_GivesWhatComesOfItsStream()
    {
        _cache.Add(A, 10);
        var cursor = _cache.Subscribe(A);
        Assert.Empty(cursor.Rest<long>());
        _cache.Add(B, 20);
        Assert.Empty(cursor.Rest<long>());
        _cache.Add(A, 30);
        _cache.Add(B, 40);
        _cache.Add(A, 50);
        Assert.Equal([30, 50], cursor.Rest<long>());
        _cache.Add(A, 60, 70, 80, 90);
        Assert.Equal([60, 70, 80, 90], cursor.Rest<long>());
    }

    [Theory]
    [InlineData(20, new long[] { 20, 30 })]
    [InlineData(25, new long[] { 30 })]
    [InlineData(30, new long[] { 30 })]
    [InlineData(31, new long[] { })]
    public void GetCacheCursor_Token_BeginsWithThatEntryOrTheNext(long token, long[] given)
    {
        _cache.Add(A, 10, 20);
        _cache.Add(B, 25);
        _cache.Add(A, 30);
        Assert.Equal(given, _cache.Subscribe(A, token).Rest<long>());
    }

    [Fact]
    public void GetCacheCursor_TokenThatIsNotThereYet_IsWaitedFor()
    {
        _cache.Add(A, 10);
        var cursor = _cache.Subscribe(A, 35);
        _cache.Add(A, 20, 30);
        Assert.Empty(cursor.Rest<long>());
        _cache.Add(A, 40, 50);
        Assert.Equal([40, 50], cursor.Rest<long>());
    }

    [Fact]
    public void GetCacheCursor_TokenOlderThanWhatIsKept_IsRefusedWithWhatIsThere()
    {
        _cache.Add(A, 10, 20, 30, 40);
        _cache.Add(A, 50);
        var e = Assert.Throws<QueueCacheMissException>(() => _cache.Subscribe(A, 19));
        Assert.Equal(
            (Token(19), Token(20), Token(50)), (e.Requested, e.Low, e.High));
        Assert.Equal([20, 30, 40, 50], _cache.Subscribe(A, 20).Rest<long>());
    }

    [Fact]
    public void TryGetCacheCursorAtPosition_EarliestAvailable_GivesWhatIsKept()
    {
        _cache.Add(A, 10, 20);
        _cache.Add(B, 30);
        _cache.Add(A, 40);
        _cache.Add(B, 50);
        Assert.Equal([20, 40], At(StreamSubscriptionStartPosition.EarliestAvailable).Rest<long>());
        Assert.Empty(At(StreamSubscriptionStartPosition.Latest).Rest<long>());

        IQueueCacheCursor At(StreamSubscriptionStartPosition position) =>
            _cache.TryGetCacheCursorAtPosition(A, position).Cursor!;
    }

    [Fact]
    public void MoveNext_SeveralEntries_GivesThemTogetherUpToTheMost()
    {
        var cursor = _cache.Subscribe(A);
        _cache.Add(A, 10, 20, 30, 40);
        Assert.Equal([10, 20, 30], cursor.Next<long>());
        Assert.Equal(10, cursor.GetCurrent(out _)!.SequenceToken.SequenceNumber);
        Assert.Equal([40], cursor.Next<long>());
        Assert.Empty(cursor.Next<long>());
        Assert.Null(cursor.GetCurrent(out _));
    }

    // Whoever goes on behind a token steps over the entry of the token, which must not have others with it.
    [Fact]
    public void MoveNext_FirstBehindAToken_GivesOneEntryAlone()
    {
        _cache.Add(A, 10, 20, 30, 40);
        var cursor = _cache.Subscribe(A, 10);
        Assert.Equal([10], cursor.Next<long>());
        Assert.Equal([20, 30, 40], cursor.Next<long>());
    }

    // It must be thrown: what is returned instead is not told to the subscriber by Orleans.
    [Fact]
    public void MoveNext_EntryOfItsStreamHasFallenOut_Throws()
    {
        var cursor = _cache.Subscribe(A);
        _cache.Add(A, 10, 20);
        _cache.Add(B, 30, 40, 50);
        var e = Assert.Throws<QueueCacheMissException>(() => cursor.MoveNextWithResult());
        Assert.Equal((Token(10), Token(20), Token(50)), (e.Requested, e.Low, e.High));
        Assert.Throws<QueueCacheMissException>(() => cursor.MoveNextWithResult());
    }

    [Fact]
    public void MoveNext_EntriesOfOthersHaveFallenOut_GoesOn()
    {
        var (quiet, slow) = (_cache.Subscribe(A), _cache.Subscribe(A));
        Assert.Empty(quiet.Next<long>());
        _cache.Add(A, 1);
        Assert.Equal([1], quiet.Rest<long>());
        Assert.Equal([1], slow.Next<long>());
        for (var position = 2L; position < 40; position++)
        {
            _cache.Add(B, position);
        }
        _cache.Add(A, 40);
        Assert.Equal([40], quiet.Rest<long>());
        Assert.Equal([40], slow.Rest<long>());
    }

    [Fact]
    public void MoveNext_OnlyWhatWasNotAskedForHasFallenOut_GoesOn()
    {
        var cursor = _cache.Subscribe(A, 100);
        for (var position = 10L; position <= 100; position += 10)
        {
            _cache.Add(A, position);
        }
        Assert.Equal([100], cursor.Rest<long>());
    }

    [Fact]
    public void StartOver_CursorsWaitForWhatComesNext()
    {
        var (behind, later) = (_cache.Subscribe(A), _cache.Subscribe(A, 1_000));
        _cache.Add(A, 500, 510, 520, 530);
        _cache.Add(A, 540);
        _cache.StartOver();
        Assert.Null(_cache.Delivered());
        Assert.Empty(behind.Rest<long>());
        _cache.Add(A, 10, 20);
        Assert.Equal([10, 20], behind.Rest<long>());
        Assert.Equal([10, 20], later.Rest<long>());
        Assert.Equal([20], _cache.Subscribe(A, 20).Rest<long>());
    }

    private static string Token(long position) => new EventSequenceTokenV2(position).ToString();
}
