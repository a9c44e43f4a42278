using AgentGrid.Streams.Tests.Hosting;
using Orleans.Configuration;
using Orleans.Runtime.Placement;
using Orleans.Streams;
using Orleans.TestingHost;
using StackExchange.Redis;

namespace AgentGrid.Streams.Tests.Cluster;

/// <summary>Two silos and a client in this process, over a real Redis, with streams on it.</summary>
internal sealed class StreamCluster : IAsyncDisposable
{
    /// <summary>Of one queue.</summary>
    public const string Events = "events";

    /// <summary>Of several queues.</summary>
    public const string Spread = "spread";

    /// <summary>Whose entries anybody can write.</summary>
    public const string Texts = "texts";

    public const string Namespace = "numbers";

    public const int SpreadQueues = 4;

    private static int s_streams;

    private readonly InProcessTestCluster _cluster;
    private readonly Dictionary<string, ConnectionMultiplexer> _connections = [];

    private readonly SharedRedis _redis;

    private StreamCluster(InProcessTestCluster cluster, SharedRedis redis) => (_cluster, _redis) = (cluster, redis);

    public IClusterClient Client => _cluster.Client;

    public IReadOnlyList<InProcessSiloHandle> Silos => _cluster.Silos;

    public string KeyPrefix { get; } = SharedRedis.NewPrefix();

    public static async Task<StreamCluster> StartAsync(SharedRedis redis, Action<RedisStreamOptions>? configure = null)
    {
        var builder = new InProcessTestClusterBuilder(2);
        builder.Options.ConfigureFileLogging = false;
        builder.Options.UseRealEnvironmentStatistics = true;
        StreamCluster? made = null;
        builder.ConfigureSilo((options, silo) =>
        {
            var connection = ConnectionMultiplexer.Connect(SharedRedis.Server.Connection);
            lock (made!._connections)
            {
                made._connections[options.SiloName] = connection;
            }
            // A silo that is dead is found so soon.
            silo.Configure<ClusterMembershipOptions>(static o =>
            {
                (o.ProbeTimeout, o.MaxProbeTimeout) = (TimeSpan.FromMilliseconds(700), TimeSpan.FromMilliseconds(700));
                (o.NumMissedProbesLimit, o.TableRefreshTimeout) = (2, TimeSpan.FromSeconds(2));
                o.NumVotesForDeathDeclaration = 1;
            });
            silo.AddRedisGrainStorage("PubSubStore", o =>
            {
                o.ConfigurationOptions = SharedRedis.Server.Connection;
                o.GetStorageKey = (type, id) => $"{made.KeyPrefix}:state:{type}:{id}";
            });
            foreach (var provider in new[] { Events, Spread, Texts })
            {
                silo.AddRedisStreams(provider, o => made.Configure(o, provider, connection, configure));
            }
        });
        builder.ConfigureClient(client =>
        {
            foreach (var provider in new[] { Events, Spread, Texts })
            {
                client.AddRedisStreams(provider, o => made!.Configure(o, provider, redis.Connection, configure));
            }
        });
        made = new StreamCluster(builder.Build(), redis);
        await made._cluster.DeployAsync();
        return made;
    }

    /// <summary>A stream that nobody has used yet.</summary>
    public IAsyncStream<Numbered> NewStream(string provider = Events) => Client.GetStreamProvider(provider)
        .GetStream<Numbered>(StreamId.Create(Namespace, $"s{Interlocked.Increment(ref s_streams)}"));

    /// <summary>A grain on that silo subscribes.</summary>
    public async Task<Inbox> SubscribeGrainAsync(
        IAsyncStream<Numbered> stream, InProcessSiloHandle silo, bool many, Inbox? inbox = null)
    {
        var key = $"{stream.ProviderName}|{stream.StreamId.GetKeyAsString()}|{(many ? "many" : "one")}|{Guid.NewGuid():N}";
        Inbox.Put(key, inbox ??= new());
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.SiloAddress);
        var grain = Client.GetGrain<ISubscriberGrain>(key);
        await grain.SubscribeAsync();
        RequestContext.Clear();
        Assert.Equal(silo.SiloAddress, await Client.GetGrain<IManagementGrain>(0).GetActivationAddress(grain));
        return inbox;
    }

    /// <summary>The silo that reads a queue.</summary>
    public async Task<InProcessSiloHandle> ReaderAsync(string provider = Events, uint queue = 0)
    {
        InProcessSiloHandle? reader = null;
        var channel = RedisChannel.Literal(QueueKeys.Of(KeyPrefix, provider, queue).News);
        await Limits.UntilAsync(
            () => (reader = Silos.FirstOrDefault(s => _connections[s.Name].GetSubscriber().SubscribedEndpoint(channel) is not null))
                is not null,
            () => $"No silo reads queue {queue} of '{provider}'.");
        return reader!;
    }

    public async Task<InProcessSiloHandle> OtherAsync(string provider = Events)
    {
        var reader = await ReaderAsync(provider);
        return Silos.First(s => s != reader);
    }

    /// <summary>As a program does that knows Redis, and nothing of Orleans.</summary>
    public Task AppendTextAsync(string stream, string text) => _redis.Connection.GetDatabase().ScriptEvaluateAsync(
        AppendScript.Text + "appendTo(KEYS[1], 100, unpack(ARGV))",
        [QueueKeys.Of(KeyPrefix, Texts, 0).Stream], ["stream", stream, "text", text]);

    /// <summary>As with signal 9: nothing that it still does reaches Redis.</summary>
    public async Task KillAsync(InProcessSiloHandle silo)
    {
        await _connections[silo.Name].DisposeAsync();
        await _cluster.KillSiloAsync(silo);
    }

    public Task StopAsync(InProcessSiloHandle silo) => _cluster.StopSiloAsync(silo);

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        foreach (var connection in _connections.Values)
        {
            await connection.DisposeAsync();
        }
    }

    private void Configure(
        RedisStreamOptions options, string provider, IConnectionMultiplexer redis, Action<RedisStreamOptions>? configure)
    {
        options.Connection = _ => redis;
        options.KeyPrefix = KeyPrefix;
        options.Queues = provider == Spread ? SpreadQueues : 1;
        options.Format = provider == Texts ? new TextFormat() : null;
        configure?.Invoke(options);
    }
}
