using System.Collections.Immutable;
using AgentGrid.Api.Settings;
using AgentGrid.Embedded.Store;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Store;
using AgentGrid.GrainClient;
using AgentGrid.GrainInterfaces;
using AgentGrid.Silo.Hosting;
using AgentGrid.Silo.Modes;
using AgentGrid.Silo.Settings;
using Orleans.Configuration;

namespace AgentGrid.Silo.OneSilo;

/// <summary>
/// All of a cluster in one process, without Redis: runs in a file that the process has to itself, members, grain state and
/// events in memory.
/// </summary>
internal sealed class OneSiloMode : ISiloMode
{
    private const string PubSubStore = "PubSubStore";

    // What is read waits by itself; this is what an agent waits for before its first read, and while it gets to know the
    // subscribers.
    private static readonly TimeSpan BetweenReads = TimeSpan.FromMilliseconds(20);

    public ImmutableArray<string> Settings { get; } =
        [nameof(SqliteStoreOptions.Data), nameof(SqliteStoreOptions.Synchronous)];

    public string WhyMeaningless =>
        " does not apply with Redis, which keeps the runs: leave it out, or leave Redis out for one silo with a file.";

    public void Check(SectionReader reader) => Read(reader, new SqliteStoreOptions());

    public void AddStore(WebApplicationBuilder builder, SiloSettings settings)
    {
        var options = new SqliteStoreOptions { Retention = settings.RunLog.Retention };
        Read(new SectionReader(builder.Configuration), options);
        var services = builder.Services;
        services.AddSingleton(options);
        services.AddSingleton(s =>
        {
            var store = SqliteRunStore.Open(options, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<SqliteRunStore>>());
            store.Values = s.GetRequiredService<IArtifactStore>().Values;
            return store;
        });
        services.AddSingleton<IRunStore>(s => s.GetRequiredService<SqliteRunStore>());
        services.AddSingleton<IStoreAccess>(s => s.GetRequiredService<SqliteRunStore>());
        services.AddArtifacts(
            builder.Configuration, (_, artifacts) => new ArtifactFolder(Path.Combine(options.Data, "artifacts"), artifacts));
    }

    public void Configure(ISiloBuilder silo, SiloSettings settings, SiloAddresses addresses)
    {
        silo.UseLocalhostClustering(
            addresses.SiloPort, addresses.GatewayPort, serviceId: settings.ClusterId, clusterId: settings.ClusterId);
        AddStreams(silo);
    }

    public void AddBeside(IServiceCollection services)
    {
    }

    public void AddGrid(WebApplicationBuilder builder, SiloSettings settings) =>
        builder.Services.AddAgentGridClientInSilo(o => o.FeedBuffer = settings.FeedBuffer);

    /// <summary>Opens the file, and with it looks whether anybody else has it, and whether it is sound.</summary>
    public Task PrepareAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        services.GetRequiredService<SqliteRunStore>();
        return Task.CompletedTask;
    }

    public Task RecoverAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var report = SqliteRunStore.Recover(
            services.GetRequiredService<SqliteStoreOptions>(), services.GetRequiredService<TimeProvider>());
        foreach (var dropped in report.Dropped)
        {
            Console.WriteLine($"Dropped by the recovery: {dropped}.");
        }
        Console.WriteLine(report.Damage is null
            ? "Nothing in the file is damaged; there is nothing to recover."
            : $"{report.Damage} Recovered: {report.Kept} runs are kept; the damaged file is now {report.SetAside}");
        return Task.CompletedTask;
    }

    public string Place(IServiceProvider services) =>
        $"one silo, runs in {services.GetRequiredService<SqliteRunStore>().Path}";

    /// <summary>Grain state and the stream of events, in memory.</summary>
    internal static void AddStreams(ISiloBuilder silo)
    {
        silo.AddMemoryGrainStorage(ClusterNames.Store);
        silo.AddMemoryGrainStorage(PubSubStore);
        silo.AddPersistentStreams(
            ClusterNames.Events, static (services, name) => new KeptTurnStream(services, name),
            static streams => streams.ConfigurePullingAgent(static agent => agent.Configure(static o =>
            {
                o.GetQueueMsgsTimerPeriod = BetweenReads;
                o.MaxEventDeliveryTime = EventStreams.LongestDelivery;
            })));
    }

    private static void Read(SectionReader reader, SqliteStoreOptions options)
    {
        options.Data = reader.Text(nameof(options.Data), options.Data);
        options.Synchronous = reader.Word(nameof(options.Synchronous), options.Synchronous);
    }
}
