using System.Collections.Immutable;
using System.Net;
using AgentGrid.Api;
using AgentGrid.Api.Settings;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Store;
using AgentGrid.GrainClient;
using AgentGrid.GrainInterfaces;
using AgentGrid.RunLog;
using AgentGrid.RunLog.Artifacts;
using AgentGrid.RunLog.Connections;
using AgentGrid.Silo.Hosting;
using AgentGrid.Silo.Members;
using AgentGrid.Silo.Settings;
using Orleans.Clustering.Redis;
using Orleans.Configuration;
using Orleans.Storage;
using StackExchange.Redis;

namespace AgentGrid.Silo.Modes;

/// <summary>A member of a cluster: runs, members, grain state and events, all of them over one connection to Redis.</summary>
internal sealed class RedisMode : ISiloMode
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

    public ImmutableArray<string> Settings { get; } =
    [
        nameof(SiloSettings.ClusterId), nameof(RunLogOptions.KeyPrefix), nameof(RunLogOptions.Channel),
        nameof(RunLogOptions.Replicas), nameof(SiloSettings.Advertise),
    ];

    public string WhyMeaningless =>
        " does not apply to one silo without Redis: leave it out, or name the Redis of the cluster with --redis.";

    public void Check(SectionReader reader)
    {
    }

    public void AddStore(WebApplicationBuilder builder, SiloSettings settings)
    {
        var (services, address) = (builder.Services, settings.Redis!);
        services.AddKeyedSingleton(AgentGridClientServices.RedisKey, (s, _) => RedisConnection.Connect(address, s.GetService<ILoggerFactory>()));
        services.AddSingleton(s => new RedisRunLog(
            Redis(s), settings.RunLog, s.GetRequiredService<TimeProvider>(), s.GetService<ILogger<RedisRunLog>>())
        {
            Values = s.GetRequiredService<IArtifactStore>().Values,
        });
        services.AddSingleton<IRunStore>(s => s.GetRequiredService<RedisRunLog>());
        services.AddArtifacts(builder.Configuration, (s, options) => new RedisArtifacts(
            Redis(s), settings.KeyPrefix, options, s.GetRequiredService<TimeProvider>()));
        // What every process with the client API knows of the same cluster, and nobody else.
        services.PostConfigure<ApiOptions>(api => api.TicketSecret ??=
            $"{settings.ClusterId}\n{RedisConnection.Options(address).Password}\nagentgrid tickets");
    }

    public void Configure(ISiloBuilder silo, SiloSettings settings, SiloAddresses addresses)
    {
        AddCluster(silo, settings, addresses);
        AddStorage(silo, settings);
        silo.AddEventStreams(settings.RunLog, Redis);
    }

    public void AddBeside(IServiceCollection services)
    {
        services.AddSingleton<MembersTable>();
        services.AddHostedService<MembersWatch>();
        services.AddHostedService<EvictionWatch>();
    }

    public void AddGrid(WebApplicationBuilder builder, SiloSettings settings)
    {
        if (settings.IsSilo)
        {
            builder.Services.AddAgentGridClientInSilo(settings.Redis!, o => Configure(o, settings));
            return;
        }
        var traces = AgentGridTelemetry.SendsTraces(builder.Configuration);
        builder.Services.AddAgentGridClient(settings.Redis!, o =>
        {
            Configure(o, settings);
            o.Traces = traces;
        });
        builder.Services.AddDashboardOfSilos(builder.Configuration, settings);
    }

    public Task PrepareAsync(IServiceProvider services, CancellationToken cancellationToken) =>
        StartChecks.PassAsync(services, cancellationToken);

    public Task RecoverAsync(IServiceProvider services, CancellationToken cancellationToken) =>
        LogRecovery.RunAsync(services, cancellationToken);

    public string Place(IServiceProvider services)
    {
        var settings = services.GetRequiredService<SiloSettings>();
        return $"runs in Redis {RedisConnection.AddressOf(settings.Redis!)}, cluster '{settings.ClusterId}'";
    }

    private static void Configure(GridClientOptions client, SiloSettings settings)
    {
        client.Redis = settings.Redis!;
        client.ClusterId = settings.ClusterId;
        client.KeyPrefix = settings.KeyPrefix;
        client.FeedBuffer = settings.FeedBuffer;
    }

    private static IConnectionMultiplexer Redis(IServiceProvider services) =>
        services.GetRequiredKeyedService<IConnectionMultiplexer>(AgentGridClientServices.RedisKey);

    private static void AddCluster(ISiloBuilder silo, SiloSettings settings, SiloAddresses addresses)
    {
        silo.Configure<ClusterOptions>(cluster =>
        {
            cluster.ClusterId = settings.ClusterId;
            cluster.ServiceId = settings.KeyPrefix;
        });
        silo.ConfigureEndpoints(
            addresses.Advertised, addresses.SiloPort, addresses.GatewayPort,
            listenOnAnyHostAddress: !IPAddress.IsLoopback(addresses.Advertised));
        silo.Services.AddOptions<RedisClusteringOptions>().Configure<IServiceProvider>((clustering, services) =>
        {
            clustering.ConfigurationOptions = RedisConnection.Options(settings.Redis!);
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
            // That is counted by dates of two machines: where clocks are five minutes apart, none could join. Who dies as it
            // joins does not answer, and is found as others are.
            membership.EvictWhenMaxJoinAttemptTimeExceeded = false;
            membership.DefunctSiloExpiration = DefunctExpiration;
            membership.DefunctSiloCleanupPeriod = DefunctCleanup;
        });
        silo.Services.AddSingleton<IFatalErrorHandler, EvictionHandler>();
    }

    private static void AddStorage(ISiloBuilder silo, SiloSettings settings)
    {
        foreach (var name in new[] { ClusterNames.Store, PubSubStore })
        {
            silo.AddRedisGrainStorage(name, storage => storage.Configure<IServiceProvider>((options, services) =>
            {
                options.ConfigurationOptions = RedisConnection.Options(settings.Redis!);
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
