using System.Text;
using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Cluster.Tests.Silo;
using AgentGrid.Conformance;
using AgentGrid.Core.Feed;
using AgentGrid.Engine;
using AgentGrid.Engine.Feed;
using AgentGrid.GrainClient;
using AgentGrid.GrainClient.Connections;
using AgentGrid.GrainClient.Feed;
using AgentGrid.RunLog;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace AgentGrid.Cluster.Tests.Feed;

/// <summary>The streams of a real silo, in a process of its own.</summary>
public sealed class EventSubscriptionTests : IAsyncLifetime
{
    private readonly string _cluster = $"streams-{Guid.NewGuid():N}";
    private readonly List<IAsyncDisposable> _garbage = [];
    private SiloProgram _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await SiloProgram.StartAsync(_cluster);

    public async ValueTask DisposeAsync()
    {
        _garbage.Reverse();
        foreach (var one in _garbage)
        {
            await one.DisposeAsync();
        }
        await _silo.DisposeAsync();
        await SharedRedis.ForgetAsync(_cluster);
    }

    [Fact]
    public async Task Start_ALiveSilo_BringsEventsByStream()
    {
        var reader = await ReadAsync();

        await BringsByStreamAsync(reader);

        Assert.True(reader.Tail.Ring.TryRead(0, int.MaxValue, out var shown));
        var kept = await reader.Log.ReadEventsAsync(new FeedQuery(), 0, int.MaxValue);
        Assert.Equal(
            kept.Events.Select(e => Encoding.UTF8.GetString(e.Utf8.Span)),
            shown.Select(e => Encoding.UTF8.GetString(e.Utf8.Span)));
    }

    [Fact]
    public async Task Start_OthersHaveDiedWithoutGoodbye_StillBringsEventsByStream()
    {
        for (var i = 0; i < 3; i++)
        {
            var dead = await ReadAsync();
            await dead.Connection.DisposeAsync();
        }
        var reader = await ReadAsync();

        await BringsByStreamAsync(reader);
    }

    [Fact]
    public async Task Stop_LeavesNoSubscriptionBehind()
    {
        var reader = await ReadAsync();
        Assert.Contains(await SubscribersAsync(), s => s.Contains("SubscriptionId", StringComparison.OrdinalIgnoreCase));

        await reader.Subscription.StopAsync();

        // The silo of role all subscribes too, from within; and a goodbye may be heard after we have gone.
        await Limits.EventuallyAsync(
            async () => (await SubscribersAsync()).All(
                s => s.Split("hosted-").Length == 2 && s.Split("sys.client").Length == 2),
            async () => string.Join('\n', await SubscribersAsync()));
    }

    // On a busy machine the log is often quicker than the streams; what counts is that these bring events at all.
    private async Task BringsByStreamAsync(Reader reader)
    {
        var posted = 0;
        await Limits.EventuallyAsync(
            async () =>
            {
                await PostAsync(reader, runs: 20, from: posted);
                posted += 20;
                return reader.Tail.Filled < reader.Tail.Ring.Head;
            },
            () => new($"all {reader.Tail.Filled} came from the log"));
    }

    private async Task PostAsync(Reader reader, int runs, int from)
    {
        for (var i = from; i < from + runs; i++)
        {
            await _silo.PostAsync($"m{i}", "echo", new { i }, toTheEnd: true);
        }
        var last = await reader.Log.LastSeqAsync();
        await Limits.EventuallyAsync(
            () => ValueTask.FromResult(reader.Tail.Ring.Head >= last), () => new($"{reader.Tail.Ring.Head} of {last}"));
    }

    private async Task<Reader> ReadAsync()
    {
        var redis = await SharedRedis.Server.ConnectAsync();
        var options = new GridClientOptions { Redis = SharedRedis.Address, ClusterId = _cluster };
        var log = new RedisRunLog(redis, new RunLogOptions { KeyPrefix = _cluster }, TimeProvider.System);
        var connection = new ClientConnection(options, redis, NullLoggerFactory.Instance);
        var tail = new FeedTail(
            new FeedBuffer(4_096, Platform.Process), new RunLogEvents(log), TimeProvider.System,
            NullLogger.Instance);
        var subscription = new EventSubscription(
            connection, tail, TimeProvider.System, NullLogger<EventSubscription>.Instance);
        _garbage.AddRange([redis, connection, tail]);
        await tail.StartAsync();
        connection.Start();
        subscription.Start();
        await Limits.EventuallyAsync(
            () => ValueTask.FromResult(subscription.IsThere), () => new("it has not subscribed"));
        return new Reader(log, connection, tail, subscription);
    }

    // What is kept of each stream: who subscribes to it.
    private static async Task<IReadOnlyList<string>> SubscribersAsync(IConnectionMultiplexer redis, string cluster)
    {
        var kept = new List<string>();
        await foreach (var key in redis.GetServers()[0].KeysAsync(pattern: $"{cluster}/state/pubsubrendezvous/*"))
        {
            kept.Add(string.Join(' ', (await redis.GetDatabase().HashGetAllAsync(key)).Select(e => e.Value.ToString())));
        }
        return kept;
    }

    private async Task<IReadOnlyList<string>> SubscribersAsync()
    {
        await using var redis = await SharedRedis.Server.ConnectAsync();
        return await SubscribersAsync(redis, _cluster);
    }

    private sealed record Reader(
        RedisRunLog Log, ClientConnection Connection, FeedTail Tail, EventSubscription Subscription);
}
