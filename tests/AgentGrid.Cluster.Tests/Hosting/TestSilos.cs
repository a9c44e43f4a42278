using AgentGrid.Conformance;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Configuration;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains;
using AgentGrid.Grains.Driving;
using AgentGrid.Grains.Nodes;
using AgentGrid.RunLog;
using AgentGrid.Silo.Hosting;
using AgentGrid.Streams;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.TestingHost;
using StackExchange.Redis;

namespace AgentGrid.Cluster.Tests.Hosting;

/// <summary>
/// Silos in this process, over a real Redis: the first runs agents, of every queue; the others serve no queue, and drive
/// runs alone. So whatever is asked of an agent crosses silos.
/// </summary>
internal sealed class TestSilos : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly List<IConnectionMultiplexer> _connections = [];

    private TestSilos(InProcessTestCluster cluster) => _cluster = cluster;

    public IClusterClient Client => _cluster.Client;

    /// <summary>Of the first silo.</summary>
    public SiloAddress Address => _cluster.Silos[0].SiloAddress;

    public static async Task<TestSilos> StartAsync(
        string keyPrefix, IEnumerable<Type> agents, Func<int, ClusterEngineOptions> options, int silos = 2,
        WebhookOptions? webhooks = null, IArtifactStore? artifacts = null)
    {
        var builder = new InProcessTestClusterBuilder((short)silos);
        builder.Options.ConfigureFileLogging = false;
        builder.Options.UseRealEnvironmentStatistics = true;
        TestSilos? made = null;
        var catalog = AgentCatalog.Of(agents);
        builder.ConfigureSilo((silo, services) =>
        {
            var index = int.Parse(silo.SiloName.Split('_')[^1]);
            var redis = made!.Connect();
            services.Services.AddSingleton(catalog);
            services.Services.AddSingleton(Options.Create(webhooks ?? new()));
            services.Services.AddSingleton<IConnectionMultiplexer>(redis);
            services.Services.AddSingleton<IRunStore>(new RedisRunLog(
                redis, new RunLogOptions { KeyPrefix = keyPrefix, Channel = $"{keyPrefix}:events" }, TimeProvider.System)
            {
                Values = artifacts?.Values,
            });
            if (artifacts is not null)
            {
                services.Services.AddSingleton(artifacts);
            }
            services.UseSystemTextJsonGrainStorageSerializer();
            services.AddMemoryGrainStorage("PubSubStore");
            services.AddRedisGrainStorage(ClusterNames.Store, o =>
            {
                o.ConfigurationOptions = ConfigurationOptions.Parse(SharedRedis.Address);
                o.CreateMultiplexer = _ => Task.FromResult((redis as IConnectionMultiplexer, true));
                o.GetStorageKey = (type, id) => $"{keyPrefix}:state:{type}:{id}";
            });
            services.AddEventStreams(new RunLogOptions { KeyPrefix = keyPrefix }, _ => redis);
            var settings = options(index);
            settings.Times = OneProcess.Dispatch;
            services.AddAgentGrid(settings);
        });
        builder.ConfigureClient(client => client.AddRedisStreams(
            ClusterNames.Events, o => o.Connection = _ => made!.Connect()));
        var cluster = builder.Build();
        made = new TestSilos(cluster);
        await cluster.DeployAsync();
        return made;
    }

    private ConnectionMultiplexer Connect()
    {
        var redis = ConnectionMultiplexer.Connect(SharedRedis.Server.Connection);
        lock (_connections)
        {
            _connections.Add(redis);
        }
        return redis;
    }

    /// <summary>Waits until agents can be run.</summary>
    public Task ReadyAsync() => Limits.EventuallyAsync(
        async () => (await Client.GetGrain<IDispatcherGrain>(0).GetHealthAsync()).Nodes.Length > 0,
        () => new("no node takes attempts"));

    public IReadOnlyList<ConfigSource> Configurations() =>
        [.. _cluster.Silos.Select(s => s.SiloHost.Services.GetRequiredService<Node>().Config)];

    public async Task StopAsync()
    {
        foreach (var silo in _cluster.Silos.ToArray())
        {
            await _cluster.StopSiloAsync(silo);
        }
        await DisposeAsync();
    }

    /// <summary>As when all processes are killed: nothing that the silos still do reaches Redis, or anybody.</summary>
    public async Task CutOffAsync()
    {
        foreach (var silo in _cluster.Silos)
        {
            var services = silo.SiloHost.Services;
            services.GetRequiredService<ActiveRuns>().Abandon();
            services.GetRequiredService<Node>().Abandon();
        }
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }
    }

    public async Task KillAsync()
    {
        foreach (var silo in _cluster.Silos.ToArray())
        {
            await _cluster.KillSiloAsync(silo);
        }
        await _cluster.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }
    }
}
