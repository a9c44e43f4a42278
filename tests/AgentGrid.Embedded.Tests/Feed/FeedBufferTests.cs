using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Feed;

namespace AgentGrid.Embedded.Tests.Feed;

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
        var wait = _buffer.WaitAsync(0, CancellationToken.None);
        Assert.False(wait.IsCompleted);

        Publish(1, 1);

        await wait.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.True(_buffer.WaitAsync(0, CancellationToken.None).IsCompleted);
        Assert.False(_buffer.WaitAsync(1, CancellationToken.None).IsCompleted);
    }

    private void Publish(long first, long last)
    {
        var events = new List<FeedEvent>();
        for (var seq = first; seq <= last; seq++)
        {
            events.Add(new FeedEvent(seq, default, "m", "stage", false, default));
        }
        _buffer.Publish(events);
    }
}
