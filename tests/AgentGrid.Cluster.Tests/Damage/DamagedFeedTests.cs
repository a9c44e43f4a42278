using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Cluster.Tests.Nodes;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine;
using AgentGrid.Engine.Feed;
using AgentGrid.Engine.Store;
using AgentGrid.GrainClient.Feed;
using AgentGrid.RunLog;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace AgentGrid.Cluster.Tests.Damage;

/// <summary>The live feed over a run log in which a record is damaged.</summary>
public sealed class DamagedFeedTests : IAsyncLifetime
{
    private static readonly Plan s_plan =
        PlanReader.ReadJson("one", Json.Parse("""{"steps":{"a":{"agent":"work"}}}""")).Plan!;

    private readonly string _keys = $"feed-{Guid.NewGuid():N}";
    private readonly ManualTime _time = new();
    private ConnectionMultiplexer _redis = null!;
    private RedisRunLog _log = null!;
    private FeedTail _tail = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await SharedRedis.Server.ConnectAsync();
        _log = new RedisRunLog(_redis, new RunLogOptions { KeyPrefix = _keys }, TimeProvider.System);
        _tail = new FeedTail(
            new FeedBuffer(64, Platform.Process), new RunLogEvents(_log), _time, NullLogger.Instance);
        await _tail.BeginAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _tail.DisposeAsync();
        await _redis.DisposeAsync();
        await SharedRedis.ForgetAsync(_keys);
    }

    [Fact]
    public async Task CatchUp_ADamagedRecordThatTheStreamDidNotBring_GoesOnBehindIt()
    {
        RunId[] runs = [await AcceptAsync(), await AcceptAsync(), await AcceptAsync()];
        await DamageAsync(runs[1]);

        await LookAsync();

        // What is behind it is in the ring, and what is before it is read where it is kept.
        Assert.Equal(3, _tail.Ring.Head);
        var page = await _log.ReadEventsAsync(new FeedQuery(), 0, 10);
        Assert.Equal([(1, Stages.Accepted), (2, Stages.Damaged), (3, Stages.Accepted)], page.Events.Select(e => (e.Seq, e.Stage)));
        Assert.True(_tail.Ring.TryRead(1, 10, out var shown));
        Assert.Equal([(2, Stages.Damaged), (3, Stages.Accepted)], shown.Select(e => (e.Seq, e.Stage)));
    }

    [Fact]
    public async Task CatchUp_ARecordIsDamagedAfterItWasShown_DoesNotStartOver()
    {
        await AcceptAsync();
        var last = await AcceptAsync();
        await LookAsync();
        var era = _tail.Era;
        await DamageAsync(last);

        await LookAsync();
        await AcceptAsync();
        await LookAsync();

        Assert.Same(era, _tail.Era);
        Assert.True(_tail.Ring.TryRead(0, 10, out var shown));
        Assert.Equal([1, 2, 3], shown.Select(e => e.Seq));
        Assert.All(shown, e => Assert.Equal(Stages.Accepted, e.Stage));
    }

    private Task LookAsync()
    {
        _time.Advance(TimeSpan.FromMilliseconds(500));
        return _tail.CatchUpAsync();
    }

    private async Task<RunId> AcceptAsync()
    {
        var now = TimeProvider.System.GetUtcNow();
        var run = RunId.From(Guid.CreateVersion7(now));
        var accepted = new RunEvent.RunAccepted(run, "m", run.Value, s_plan.Name, s_plan.Version, Json.EmptyObject, 1) { Time = now };
        Assert.IsType<AcceptOutcome.Kept>(await _log.AcceptAsync(accepted, s_plan, 100));
        return run;
    }

    private async Task DamageAsync(RunId run)
    {
        RedisKey log = $"{{{_keys}}}:log:{run}";
        var entry = (await _redis.GetDatabase().SortedSetRangeByRankWithScoresAsync(log))[0];
        var bytes = ((byte[])entry.Element!).ToArray();
        bytes[^3] ^= 1;
        await _redis.GetDatabase().SortedSetRemoveAsync(log, entry.Element);
        await _redis.GetDatabase().SortedSetAddAsync(log, bytes, entry.Score);
    }
}
