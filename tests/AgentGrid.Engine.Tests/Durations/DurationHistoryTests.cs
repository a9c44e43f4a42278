using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Durations;
using AgentGrid.Engine.Store;

namespace AgentGrid.Engine.Tests.Durations;

public sealed class DurationHistoryTests
{
    private const string Plan = """{"steps":{"a":{"agent":"worker"},"b":{"needs":["a"],"agent":"worker"}}}""";

    private readonly LearnedDurations _learned = new();
    private readonly FakeRouting _routing = new FakeRouting().With("worker", "work", timeout: TimeSpan.FromHours(1));
    private readonly List<RunState> _kept = [];
    private readonly LogLines _log = new();
    private readonly CancellationTokenSource _stopping = new();

    [Fact]
    public async Task Begin_RunsAreKept_LearnsFromThemInTheOrderInWhichTheyEnded()
    {
        Keep(30, 1);
        Keep(2, 4);

        await ReadAsync();

        var steps = _learned.Of("plan", "b", "worker")!.Value;
        Assert.Equal(2, steps.Count);
        Assert.InRange(steps.P95.TotalSeconds, 3.9, 4.1);
        Assert.Equal(1, _learned.OfColdAgent("worker")!.Value.Count); // the first that ever ran
        Assert.InRange(_learned.OfColdAgent("worker")!.Value.P50.TotalSeconds, 29, 31);
        Assert.InRange(_learned.Of(_kept[^1]).Order(_routing)!.Paths[0], 4.4, 4.6); // 2, and the median of 1 and 4
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task Begin_WhatIsWarmNow_IsForThisProcessToSee()
    {
        Keep(30, 1);

        await ReadAsync();
        new ObservedRun(_learned, Plan, _routing, ObservedRun.Start + TimeSpan.FromDays(1)).After(50).Succeeds("a");

        Assert.Equal(1, _learned.OfAgent("worker")!.Value.Count);
        Assert.Equal(2, _learned.OfColdAgent("worker")!.Value.Count);
    }

    [Fact]
    public async Task Begin_MoreRunsThanAreRead_ReadsTheLast()
    {
        for (var i = 0; i < DurationHistory.MostRuns + 50; i++)
        {
            Keep(1, i < 50 ? 100 : 1);
        }

        await ReadAsync();

        Assert.Equal(DurationHistory.MostRuns, _learned.Of("plan", "b", "worker")!.Value.Count);
        Assert.InRange(_learned.Of("plan", "b", "worker")!.Value.P99.TotalSeconds, 0.9, 1.1);
    }

    [Fact]
    public async Task Begin_RunIsDamagedOrGone_LearnsFromTheOthers()
    {
        Keep(1, 1);
        Keep(1, 1);
        Keep(1, 1);

        await ReadAsync(replay: id => id == _kept[1].Id ? throw new DamageException(id.Value, "is bad", "It is bad.")
            : Task.FromResult(id == _kept[2].Id ? null : _kept.Find(r => r.Id == id)));

        Assert.Equal(1, _learned.Of("plan", "b", "worker")!.Value.Count);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task Begin_StoreFails_SaysSoAndEnds()
    {
        await ReadAsync(list: static _ => throw new IOException("the disk is away"));

        Assert.Contains("learned anew", Assert.Single(_log.Lines).Text, StringComparison.Ordinal);
        Assert.Null(_learned.OfAgent("worker"));
    }

    [Fact]
    public async Task Begin_ProcessStops_Ends()
    {
        Keep(1, 1);
        Keep(1, 1);
        var read = 0;

        await ReadAsync(replay: async id =>
        {
            read++;
            await _stopping.CancelAsync();
            return _kept.Find(r => r.Id == id);
        });

        Assert.Equal(1, read);
    }

    private Task ReadAsync(Func<RunQuery, Task<RunPage>>? list = null, Func<RunId, Task<RunState?>>? replay = null)
    {
        var history = new DurationHistory(
            _learned, list ?? List, replay ?? (id => Task.FromResult(_kept.Find(r => r.Id == id))), Platform.Process,
            TimeProvider.System, _log, _stopping.Token);
        history.Begin();
        return Limits.WithinAsync(history.Done, () => "the history is read");
    }

    private Task<RunPage> List(RunQuery query) => Task.FromResult(new RunPage(
        [.. Enumerable.Reverse(_kept).Take(query.Limit).Select(RunDetailsBuilder.Summarize)], null));

    private void Keep(double first, double second)
    {
        var run = new ObservedRun(null, Plan, _routing, ObservedRun.Start + TimeSpan.FromHours(_kept.Count));
        _kept.Add(run.After(first).Succeeds("a").After(second).Succeeds("b").State);
        _routing.InUse.Clear();
    }
}
