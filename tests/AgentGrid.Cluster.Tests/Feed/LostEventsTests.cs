using System.Collections.Immutable;
using System.Globalization;
using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Conformance;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.GrainClient;
using AgentGrid.GrainClient.Connections;
using AgentGrid.RunLog;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AgentGrid.Cluster.Tests.Feed;

/// <summary>Readers whose feeds are open when Redis comes back without its last events.</summary>
public sealed class LostEventsTests : IAsyncLifetime
{
    private static readonly Plan s_plan =
        PlanReader.ReadJson("p", Json.Parse("""{"steps":{"a":{"agent":"echo"}}}""")).Plan!;

    private readonly string _keys = $"lost-{Guid.NewGuid():N}";
    private ConnectionMultiplexer _redis = null!;
    private RedisRunLog _log = null!;
    private ClusterGrid _grid = null!;
    private int _runs;

    public async ValueTask InitializeAsync()
    {
        _redis = await SharedRedis.Server.ConnectAsync();
        _log = new RedisRunLog(_redis, new RunLogOptions { KeyPrefix = _keys }, TimeProvider.System);
        var options = new GridClientOptions { Redis = SharedRedis.Address, ClusterId = _keys, FeedBuffer = 4 };
        _grid = new ClusterGrid(
            Options.Create(options), new NoSilos(), _log, OneProcess.AccessTo(_log), TimeProvider.System,
            NullLoggerFactory.Instance);
        await _grid.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _grid.DisposeAsync();
        await _redis.DisposeAsync();
        await SharedRedis.ForgetAsync(_keys);
    }

    [Fact]
    public async Task Follow_WhoHasSeenWhatIsLost_IsToldAndGoesOnAfterWhatWasKept()
    {
        await AppendAsync(5);
        var kept = await DumpAsync();
        await AppendAsync(3);
        await using var feed = Follow(0);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], (await feed.TakeAsync(8)).Select(e => e.Seq));

        await RestoreAsync(kept);
        var reset = Assert.Single(await feed.TakeAsync(1));
        await AppendAsync(2);

        // Whoever notices first: the ring knows what was kept, a reader of the log has all of it read again.
        Assert.Equal(Stages.Reset, reset.Stage);
        Assert.Contains(reset.Seq, (long[])[0, 5]);
        Assert.Equal(8, Json.Parse(reset.Utf8.Span).Element.GetProperty("meta").GetProperty("after").GetInt64());
        var rest = (int)(7 - reset.Seq);
        Assert.Equal(
            Enumerable.Range((int)reset.Seq + 1, rest).Select(i => (long)i), (await feed.TakeAsync(rest)).Select(e => e.Seq));
    }

    [Fact]
    public async Task Follow_WhoIsFarBehind_MissesNothingThatWasKept()
    {
        await AppendAsync(600);
        var kept = await DumpAsync();
        await AppendAsync(3);
        await using var slow = Follow(0);
        await using var quick = Follow(603);
        var quickIsTold = quick.TakeAsync(1);
        var seen = await slow.TakeAsync(1);
        Assert.True(seen[^1].Seq < 600, "the reader is not behind");

        await RestoreAsync(kept);
        Assert.Equal(Stages.Reset, Assert.Single(await quickIsTold).Stage);
        seen.AddRange(await slow.TakeAsync(600 - seen.Count));

        Assert.Equal(Enumerable.Range(1, 600).Select(i => (long)i), seen.Select(e => e.Seq));
    }

    private Reader Follow(long after) => new(_grid, after);

    private async Task AppendAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var round = (++_runs).ToString(CultureInfo.InvariantCulture);
            var accepted = new RunEvent.RunAccepted(
                RunId.From(Guid.CreateVersion7()), "m", round, s_plan.Name, s_plan.Version, Json.EmptyObject, 42)
            {
                Time = DateTimeOffset.UtcNow,
            };
            Assert.IsType<AcceptOutcome.Kept>(await _log.AcceptAsync(accepted, s_plan, 100_000));
        }
    }

    private async Task<List<(RedisKey Key, byte[] Value)>> DumpAsync()
    {
        var dump = new List<(RedisKey, byte[])>();
        await foreach (var key in _redis.GetServers()[0].KeysAsync(pattern: $"*{_keys}*", pageSize: 1_000))
        {
            dump.Add((key, (await _redis.GetDatabase().KeyDumpAsync(key))!));
        }
        return dump;
    }

    private async Task RestoreAsync(List<(RedisKey Key, byte[] Value)> dump)
    {
        // In one transaction: nobody may see half of it.
        var transaction = _redis.GetDatabase().CreateTransaction();
        var done = new List<Task>();
        foreach (var (key, _) in await DumpAsync())
        {
            done.Add(transaction.KeyDeleteAsync(key));
        }
        done.AddRange(dump.Select(d => transaction.KeyRestoreAsync(d.Key, d.Value)));
        Assert.True(await transaction.ExecuteAsync());
        await Task.WhenAll(done);
    }

    /// <summary>A reader that takes whole batches.</summary>
    private sealed class Reader : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly IAsyncEnumerator<ImmutableArray<FeedEvent>> _feed;
        private Task<bool> _next = Task.FromResult(true);

        public Reader(ClusterGrid grid, long after) =>
            _feed = grid.FollowAsync(new FeedQuery(after), _stop.Token).GetAsyncEnumerator();

        /// <summary>Takes until there are at least so many.</summary>
        public async Task<List<FeedEvent>> TakeAsync(int count)
        {
            var events = new List<FeedEvent>();
            while (events.Count < count)
            {
                _next = _feed.MoveNextAsync().AsTask();
                await Limits.WithinAsync(
                    _next, () => $"{count} events; there were {string.Join(", ", events.Select(e => e.Seq))}");
                Assert.True(await _next, "the feed has ended");
                events.AddRange(_feed.Current);
            }
            return events;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await ((Task)_next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _feed.DisposeAsync();
            _stop.Dispose();
        }
    }

    /// <summary>A cluster without silos: what happens comes from the log alone.</summary>
    private sealed class NoSilos : IClusterConnection
    {
        public IClusterClient? Client => null;

        public void Start()
        {
        }

        public Task<IClusterClient> ConnectedAsync(CancellationToken cancellationToken) =>
            Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken)
                .ContinueWith<IClusterClient>(_ => throw new OperationCanceledException(cancellationToken), TaskScheduler.Default);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
