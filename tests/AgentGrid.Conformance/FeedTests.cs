using System.Collections.Immutable;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Feed;

namespace AgentGrid.Conformance;

/// <summary>Promise 4: the feed is the journal's tail, without gap and without repeat.</summary>
public abstract class FeedTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    // A small buffer, so that readers have to go back to the journal.
    protected override GridSetup Setup { get; } = new() { FeedBuffer = 64 };

    private const string TwoSteps = """{"a": {"agent": "alpha"}, "b": {"agent": "bravo", "needs": ["a"]}}""";

    [Fact]
    public async Task Follow_FromTheStart_SeesWhatReadingSees()
    {
        var following = FollowUntilEndedAsync(new FeedQuery(0), runs: 20);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => RunAsync(TwoSteps)));

        var followed = await following;

        NoGap(followed, 0);
        var read = (await FeedAsync(pageSize: 7)).Take(followed.Count);
        Assert.Equal(read.Select(e => (e.Seq, e.Stage, e.RunId)), followed.Select(e => (e.Seq, e.Stage, e.RunId)));
        Assert.Equal(
            read.Select(e => Core.Json.Trusted(e.Utf8).ToString()),
            followed.Select(e => Core.Json.Trusted(e.Utf8).ToString()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    [InlineData(long.MaxValue)]
    public async Task Follow_FromANumberBeyondTheNewest_IsToldAndGetsEverything(long beyond)
    {
        var run = await RunAsync(TwoSteps);
        var last = await ShownAsync();
        var asked = beyond == long.MaxValue ? beyond : last + beyond;

        // Of another run and other stages: what a reader is told passes every filter.
        var all = await FollowUntilEndedAsync(new FeedQuery(asked), runs: 2);
        var filtered = await FollowUntilEndedAsync(new FeedQuery(asked, RunId: run.Summary.RunId, Stage: "completed"), runs: 2);

        foreach (var events in new[] { all, filtered })
        {
            Assert.Equal((Stages.Reset, 0), (events[0].Stage, events[0].Seq));
            var meta = Core.Json.Parse(events[0].Utf8.Span).Element.GetProperty("meta");
            Assert.Equal(asked, meta.GetProperty("after").GetInt64());
            Assert.Equal(last, meta.GetProperty("last_seq").GetInt64());
        }
        NoGap(all.Skip(1).ToList(), 0);
        Assert.Equal(Stages.Completed, Assert.Single(filtered.Skip(1)).Stage);
    }

    [Fact]
    public async Task Read_FromANumberBeyondTheNewest_IsToldAndGoesOnFromTheBeginning()
    {
        await RunAsync(TwoSteps);
        var last = await ShownAsync();

        var told = await Grid.ReadEventsAsync(new FeedQuery(long.MaxValue));
        var next = await Grid.ReadEventsAsync(new FeedQuery(told.Next));

        Assert.Equal(Stages.Reset, Assert.Single(told.Events).Stage);
        Assert.Equal((0, false), (told.Next, told.AtEnd));
        Assert.Equal(1, next.Events[0].Seq);
        Assert.Equal((last, true), (next.Next, next.AtEnd));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(int.MinValue)]
    public async Task Read_NoEventsAtAll_ReadsOneSoThatItGetsOn(int limit)
    {
        await RunAsync(TwoSteps);

        var page = await Grid.ReadEventsAsync(new FeedQuery(0), limit);

        Assert.Equal(1, Assert.Single(page.Events).Seq);
        Assert.Equal((1, false), (page.Next, page.AtEnd));
    }

    [Fact]
    public async Task Follow_LiveAlone_SkipsThePastAndHasNoGap()
    {
        await RunAsync(TwoSteps);
        var past = await ShownAsync();
        var following = FollowUntilEndedAsync(new FeedQuery(null), runs: 1);

        // Where "now" is for the reader is decided somewhere in its first call, so runs come until it has seen one.
        while (!following.IsCompleted)
        {
            await RunAsync(TwoSteps);
        }

        var events = await following;
        Assert.True(events[0].Seq > past, $"Saw number {events[0].Seq}, which was there before ({past}).");
        NoGap(events, events[0].Seq - 1);
    }

    [Fact]
    public async Task Follow_SlowReader_MissesNothingAndHoldsNobodyUp()
    {
        using var stop = new CancellationTokenSource(Limits.Patience);
        await using var slow = Grid.FollowAsync(new FeedQuery(0), stop.Token).GetAsyncEnumerator(stop.Token);
        var first = await AcceptAsync(TwoSteps);
        Assert.True(await slow.MoveNextAsync());
        var events = new List<FeedEvent>(slow.Current);
        await EndOfAsync(first);

        for (var i = 0; i < 40; i++)
        {
            await RunAsync(TwoSteps);
        }
        while (events.Count(e => e.EndsRun) < 41)
        {
            Assert.True(await slow.MoveNextAsync());
            events.AddRange(slow.Current);
        }

        NoGap(events, 0);
    }

    [Fact]
    public async Task Follow_EngineStops_Ends()
    {
        var following = FollowUntilEndedAsync(new FeedQuery(0), runs: int.MaxValue);
        await RunAsync(TwoSteps);

        await Host.StopAsync();

        await Limits.WithinAsync(following, () => "the end of a feed whose engine was stopped");
        var seen = await following;
        NoGap(seen, 0);
        await Host.StartAsync(Setup);
        NoGap(await FeedAsync(new FeedQuery(seen.Count)), seen.Count);
    }

    [Fact]
    public async Task LastSeq_OfTheEngine_IsTheFeeds()
    {
        await RunAsync(TwoSteps);

        var last = await ShownAsync();

        // Who asks may be a moment behind the journal.
        await Limits.EventuallyAsync(
            async () => (await Grid.GetHealthAsync()).LastSeq == last,
            async () => $"number {(await Grid.GetHealthAsync()).LastSeq}, and the feed ends with {last}");
    }

    private async Task<IReadOnlyList<FeedEvent>> FollowUntilEndedAsync(FeedQuery query, int runs)
    {
        var events = new List<FeedEvent>();
        using var limit = new CancellationTokenSource(Limits.Patience);
        await foreach (ImmutableArray<FeedEvent> batch in Grid.FollowAsync(query, limit.Token))
        {
            events.AddRange(batch);
            if (events.Count(e => e.EndsRun) >= runs)
            {
                break;
            }
        }
        return events;
    }
}
