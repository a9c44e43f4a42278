using System.Net;
using AgentGrid.Engine.Store;
using AgentGrid.GrainClient;
using AgentGrid.GrainInterfaces;
using AgentGrid.Grains;
using AgentGrid.Grains.Nodes;
using AgentGrid.RunLog;
using AgentGrid.RunLog.Connections;
using AgentGrid.Silo.Members;
using AgentGrid.Silo.Settings;
using Orleans.Clustering.Redis;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Storage;
using StackExchange.Redis;

namespace AgentGrid.Silo.Hosting;

/// <summary>Makes a process a silo: membership, storage and streams, all of them over one connection to Redis.</summary>
internal static class SiloComposition
{
    private const string PubSubStore = "PubSubStore";

    // A killed silo is noticed in under two seconds, a frozen one in under six.
    private const int MissedProbes = 3;
    private const int VotesOfDeath = 2;
    private static readonly TimeSpan Probe = TimeSpan.FromSeconds(1);

    // Nobody is declared dead of whom anything was heard for three times that: so long may a silo be short of time.
    private static readonly TimeSpan LongestProbe = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan TableRefresh = TimeSpan.FromSeconds(10);

    // When all silos are killed at once, those that are started afterwards declare them dead; they do so only with such
    // as have not said for that often that they are alive.
    private const int MissedSignsOfLife = 3;
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DefunctExpiration = TimeSpan.FromHours(1);
    private static readonly TimeSpan DefunctCleanup = TimeSpan.FromMinutes(10);

    // A client that is gone must not be waited for: others read the same streams.
    private static readonly TimeSpan ClientDrop = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(10);

    // Every look of the dashboard at a silo costs as much as a run.
    private static readonly TimeSpan DashboardInterval = TimeSpan.FromSeconds(5);

    public static void AddSilo(this WebApplicationBuilder builder, SiloSettings settings)
    {
        var addresses = SiloAddresses.Of(settings);
        var services = builder.Services;
        services.AddSingleton(addresses);
        services.AddSingleton(s => new RedisRunLog(
            Redis(s), settings.RunLog, s.GetRequiredService<TimeProvider>(), s.GetService<ILogger<RedisRunLog>>()));
        services.AddSingleton<IRunStore>(s => s.GetRequiredService<RedisRunLog>());
        AccountGpus(settings);
        builder.UseOrleans(silo =>
        {
            AddCluster(silo, settings, addresses);
            AddStorage(silo, settings);
            silo.AddEventStreams(settings.KeyPrefix, Redis);
            silo.AddAgentGrid(settings.Engine);
            if (settings.Dashboard)
            {
                var before = silo.Services.Count;
                silo.AddDashboard(dashboard =>
                {
                    dashboard.HideTrace = true;
                    dashboard.CounterUpdateIntervalMs = (int)DashboardInterval.TotalMilliseconds;
                });
                DashboardOnDemand.Take(silo.Services, before);
            }
        });
        services.AddSingleton<MembersTable>();
        services.AddHostedService<MembersWatch>();
        services.AddHostedService<EvictionWatch>();
    }

    private static IConnectionMultiplexer Redis(IServiceProvider services) =>
        services.GetRequiredKeyedService<IConnectionMultiplexer>(AgentGridClientServices.RedisKey);

    // One process that does everything, on a machine without GPUs, runs agents that want some, as the embedded engine.
    private static void AccountGpus(SiloSettings settings)
    {
        if (settings.Role != SiloRole.All || settings.Engine.GpuMemoryMb is not null)
        {
            return;
        }
        settings.Engine.AccountGpuMemory = MachineGpus.AreThere();
    }

    private static void AddCluster(ISiloBuilder silo, SiloSettings settings, SiloAddresses addresses)
    {
        silo.Configure<ClusterOptions>(cluster =>
        {
            cluster.ClusterId = settings.ClusterId;
            cluster.ServiceId = settings.KeyPrefix;
        });
        silo.Configure<SiloOptions>(options => options.SiloName = addresses.Name);
        silo.ConfigureEndpoints(
            addresses.Advertised, addresses.SiloPort, addresses.GatewayPort,
            listenOnAnyHostAddress: !IPAddress.IsLoopback(addresses.Advertised));
        silo.Services.AddOptions<RedisClusteringOptions>().Configure<IServiceProvider>((clustering, services) =>
        {
            clustering.ConfigurationOptions = RedisConnection.Options(settings.Redis);
            clustering.CreateMultiplexer = _ => Task.FromResult((Redis(services), true));
        });
        silo.UseRedisClustering(_ => { });
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            membership.ProbeTimeout = Probe;
            membership.MaxProbeTimeout = LongestProbe;
            membership.NumMissedProbesLimit = MissedProbes;
            membership.NumVotesForDeathDeclaration = VotesOfDeath;
            membership.TableRefreshTimeout = TableRefresh;
            membership.IAmAliveTablePublishTimeout = SignOfLife;
            membership.NumMissedTableIAmAliveLimit = MissedSignsOfLife;
            membership.DefunctSiloExpiration = DefunctExpiration;
            membership.DefunctSiloCleanupPeriod = DefunctCleanup;
        });
        silo.Configure<SiloMessagingOptions>(messaging =>
        {
            messaging.CancelRequestOnTimeout = true;
            messaging.ResponseTimeout = LongestCall;
            messaging.ClientDropTimeout = ClientDrop;
        });
        // Orleans' own management is all that has stateless workers here: they are few, and go when they are old.
        silo.Configure<StatelessWorkerOptions>(workers => workers.RemoveIdleWorkers = false);
        silo.Services.AddSingleton<IFatalErrorHandler, EvictionHandler>();
    }

    private static void AddStorage(ISiloBuilder silo, SiloSettings settings)
    {
        foreach (var name in new[] { ClusterNames.Store, PubSubStore })
        {
            silo.AddRedisGrainStorage(name, storage => storage.Configure<IServiceProvider>((options, services) =>
            {
                options.ConfigurationOptions = RedisConnection.Options(settings.Redis);
                options.CreateMultiplexer = _ => Task.FromResult((Redis(services), true));
                options.DeleteStateOnClear = true;
            }));
        }
        silo.UseSystemTextJsonGrainStorageSerializer();
        // What Orleans keeps of who subscribes to what cannot be read back with System.Text.Json.
        silo.Services.AddKeyedSingleton<IGrainStorageSerializer>(
            PubSubStore, (services, _) => ActivatorUtilities.CreateInstance<JsonGrainStorageSerializer>(services));
    }
}
