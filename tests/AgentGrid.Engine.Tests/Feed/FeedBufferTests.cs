using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Engine;
using AgentGrid.Engine.Feed;

namespace AgentGrid.Engine.Tests.Feed;

public sealed class FeedBufferTests
{
    private readonly FeedBuffer _buffer = new(4, Platform.Process);

    [Fact]
    public void TryRead_WithinTheRing_GivesWhatFollows()
    {
        Publish(1, 3);

        Assert.True(_buffer.TryRead(1, 10, out var events));
        Assert.Equal([2, 3], events.Select(e => e.Seq));
        Assert.True(_buffer.TryRead(3, 10, out events));
        Assert.Empty(events);
    }

    [Fact]
    public void TryRead_LeftTheRing_SaysSo()
    {
        Publish(1, 6);

        Assert.False(_buffer.TryRead(1, 10, out _));
        Assert.True(_buffer.TryRead(2, 10, out var events));
        Assert.Equal([3, 4, 5, 6], events.Select(e => e.Seq));
        Assert.Equal(3, _buffer.Oldest);
    }

    [Fact]
    public void TryRead_BehindWhatTheJournalHadAtTheStart_SaysSo()
    {
        _buffer.StartAfter(100);

        Assert.False(_buffer.TryRead(99, 10, out _));
        Assert.True(_buffer.TryRead(100, 10, out var events));
        Assert.Empty(events);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(long.MaxValue - 1)]
    [InlineData(long.MaxValue)]
    public void TryRead_BeyondTheNewest_GivesNothing(long after)
    {
        Publish(1, 3);

        Assert.True(_buffer.TryRead(after, 10, out var events));
        Assert.Empty(events);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void TryRead_BeforeTheFirst_HasLeftTheRing(long after)
    {
        Publish(1, 3);

        Assert.False(_buffer.TryRead(after, 10, out _));
    }

    [Fact]
    public void FellOut_ALittle_TheRingGrowsAndKeepsWhatItHad()
    {
        Publish(1, 6);

        _buffer.FellOut(1);
        Publish(7, 18);

        Assert.Equal(16, _buffer.Capacity);
        Assert.Equal(3, _buffer.Oldest);
        Assert.True(_buffer.TryRead(2, 100, out var events));
        Assert.Equal(Enumerable.Range(3, 16), events.Select(e => (int)e.Seq));
    }

    [Fact]
    public void FellOut_FarTooFar_NothingIsKeptForIt()
    {
        Publish(1, 100);

        _buffer.FellOut(1);

        Assert.Equal(4, _buffer.Capacity);
    }

    [Fact]
    public void Publish_NobodyIsBehindAnyMore_TheRingShrinksAgain()
    {
        Publish(1, 30);
        _buffer.FellOut(1);
        Assert.Equal(64, _buffer.Capacity);

        for (var seq = 31; seq < 2_000; seq++)
        {
            Publish(seq, seq);
            Assert.True(_buffer.TryRead(seq - 1, 10, out var events));
            Assert.Equal(seq, Assert.Single(events).Seq);
        }

        Assert.Equal(4, _buffer.Capacity);
        Assert.Equal(_buffer.Head - 3, _buffer.Oldest);
    }

    [Fact]
    public void TryRead_MoreThanAskedFor_GivesTheFirst()
    {
        Publish(1, 4);

        Assert.True(_buffer.TryRead(0, 2, out var events));
        Assert.Equal([1, 2], events.Select(e => e.Seq));
    }

    [Fact]
    public async Task WaitAsync_WakesWhenSomethingFollows()
    {
        var wait = _buffer.WaitAsync(0, new FeedQuery(), CancellationToken.None).AsTask();
        Assert.False(wait.IsCompleted);

        Publish(1, 1);

        await wait.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.True(_buffer.WaitAsync(0, new FeedQuery(), CancellationToken.None).IsCompleted);
        Assert.False(_buffer.WaitAsync(1, new FeedQuery(), CancellationToken.None).IsCompleted);
    }

    [Fact]
    public async Task WaitAsync_ForAMatch_IsWokenByItsEventsAloneAndToldWhereTheyBegin()
    {
        var wait = _buffer.WaitAsync(0, new FeedQuery(MatchId: "mine"), CancellationToken.None).AsTask();

        Publish(1, 20, "other");
        Assert.False(wait.IsCompleted);
        Publish(21, 23, "mine");

        Assert.Equal(20, await wait.WaitAsync(TimeSpan.FromMinutes(1)));
        Assert.True(_buffer.TryRead(20, 10, out var events));
        Assert.Equal([21, 22, 23], events.Select(e => e.Seq));
    }

    [Fact]
    public async Task WaitAsync_ForARun_IsWokenByItsEventsAlone()
    {
        var mine = RunId.From(new Guid(1, 2, 3, new byte[8]));
        var wait = _buffer.WaitAsync(0, new FeedQuery(RunId: mine), CancellationToken.None).AsTask();

        Publish(1, 3);
        Assert.False(wait.IsCompleted);
        _buffer.Publish([new FeedEvent(4, mine, "m", "stage", false, default)]);

        Assert.Equal(3, await wait.WaitAsync(TimeSpan.FromMinutes(1)));
    }

    [Theory]
    [InlineData("mine:done")]
    [InlineData("mine:*")]
    [InlineData("*ne:done")]
    public async Task WaitAsync_ForStages_AllWhoAskForThemAreWokenByTheirEventsAlone(string stages)
    {
        var waits = Enumerable.Range(0, 3).Select(_ => _buffer.WaitAsync(
            0, new FeedQuery(Stage: stages), CancellationToken.None).AsTask()).ToArray();
        var other = _buffer.WaitAsync(0, new FeedQuery(Stage: "other:*"), CancellationToken.None).AsTask();

        Publish(1, 3);
        Assert.DoesNotContain(waits, w => w.IsCompleted);
        _buffer.Publish([
            new FeedEvent(4, default, "m", "stage", false, default),
            new FeedEvent(5, default, "m", "mine:done", false, default)]);

        Assert.All(await Task.WhenAll(waits).WaitAsync(TimeSpan.FromMinutes(1)), next => Assert.Equal(4, next));
        Assert.False(other.IsCompleted);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("mine", null)]
    [InlineData(null, "stage")]
    public async Task WaitAsync_Cancelled_ReturnsAndLeavesNothingBehind(string? match, string? stage)
    {
        using var cancel = new CancellationTokenSource();
        var wait = _buffer.WaitAsync(7, new FeedQuery(MatchId: match, Stage: stage), cancel.Token).AsTask();

        await cancel.CancelAsync();

        Assert.Equal(7, await wait.WaitAsync(TimeSpan.FromMinutes(1)));
        Publish(1, 8, "mine");
        Assert.Equal(8, _buffer.Head);
    }

    private void Publish(long first, long last, string match = "m")
    {
        var events = new List<FeedEvent>();
        for (var seq = first; seq <= last; seq++)
        {
            events.Add(new FeedEvent(seq, default, match, "stage", false, default));
        }
        _buffer.Publish(events);
    }
}
