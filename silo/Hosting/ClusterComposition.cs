using AgentGrid.Agents.Perception;
using AgentGrid.Api;
using AgentGrid.Api.Hosting;
using AgentGrid.Api.Security;
using AgentGrid.Engine;
using AgentGrid.GrainClient;
using AgentGrid.Kinds;
using AgentGrid.RunLog.Connections;
using AgentGrid.Silo.Health;
using AgentGrid.Silo.Settings;
using Microsoft.AspNetCore.Hosting.Server;
using Orleans.Dashboard;

namespace AgentGrid.Silo.Hosting;

/// <summary>Puts a process of the cluster together, by its role.</summary>
internal static class ClusterComposition
{
    private static readonly TimeSpan RoomToClose = TimeSpan.FromSeconds(10);

    public static ServerComposition Create() => new()
    {
        Syntax = SiloCommandLine.Syntax,
        ReadSettings = reader => SettingsReader.Read(reader),
        Add = builder => Add(builder, SettingsReader.Read(builder.Configuration)),
        Map = Map,
        Prepare = PrepareAsync,
        Place = Place,
        ListensByDefault = configuration => SettingsReader.Read(configuration).IsApi,
    };

    private static void Add(WebApplicationBuilder builder, SiloSettings settings)
    {
        ((IConfigurationBuilder)builder.Configuration).AddLogLevelsOfOrleans();
        var services = builder.Services;
        services.AddSingleton(settings);
        services.AddKeyedSingleton(
            AgentGridClientServices.RedisKey, (_, _) => RedisConnection.Connect(settings.Redis));
        services.AddSingleton<ProcessExit>();
        services.AddHostedService<UnhandledErrors>();
        // What every process with the client API knows of the same cluster, and nobody else.
        services.PostConfigure<ApiOptions>(api => api.TicketSecret ??=
            $"{settings.ClusterId}\n{RedisConnection.Options(settings.Redis).Password}\nagentgrid tickets");
        var drain = settings.IsSilo ? settings.Engine.DrainTimeout : TimeSpan.Zero;
        services.Configure<HostOptions>(host => host.ShutdownTimeout = drain + RoomToClose);
        if (settings.IsSilo)
        {
            services.AddAgentGrid()
                .AddAgents(typeof(PerceptionAgent).Assembly)
                .AddAgents(AgentLibraries.Load(builder.Configuration))
                .AddShippedKinds();
            builder.AddSilo(settings);
        }
        switch (settings.Role)
        {
            case SiloRole.All:
                services.AddAgentGridClientInSilo(settings.Redis, o => Configure(o, settings));
                break;
            case SiloRole.Api:
                services.AddAgentGridClient(settings.Redis, o => Configure(o, settings));
                services.AddDashboardOfSilos(builder.Configuration, settings);
                break;
            case SiloRole.Silo:
                break;
            default:
                throw new InvalidOperationException($"Unknown role {settings.Role}.");
        }
        if (ListenAddresses.Of(builder.Configuration).Count == 0)
        {
            services.AddSingleton<IServer, NoServer>();
        }
    }

    private static async Task<bool> PrepareAsync(WebApplication app)
    {
        if (app.Services.GetRequiredService<SiloSettings>().Recover)
        {
            await LogRecovery.RunAsync(app.Services, app.Lifetime.ApplicationStopping);
            return false;
        }
        await StartChecks.PassAsync(app.Services, app.Lifetime.ApplicationStopping);
        return true;
    }

    private static void Configure(GridClientOptions client, SiloSettings settings)
    {
        client.Redis = settings.Redis;
        client.ClusterId = settings.ClusterId;
        client.KeyPrefix = settings.KeyPrefix;
        client.FeedBuffer = settings.FeedBuffer;
    }

    private static void Map(WebApplication app)
    {
        var settings = app.Services.GetRequiredService<SiloSettings>();
        if (settings.IsApi)
        {
            app.MapAgentGridApi();
        }
        else
        {
            app.MapAgentGridHealth(ActivatorUtilities.CreateInstance<SiloHealth>(app.Services));
        }
        if (settings.Dashboard)
        {
            // Whoever sees grains sees what is in them; so it takes a key that may do everything.
            app.MapOrleansDashboard("/dashboard")
                .RequiresOfBrowsers(ApiScope.Submit).ExcludeFromDescription();
        }
    }

    private static string Place(WebApplication app)
    {
        var settings = app.Services.GetRequiredService<SiloSettings>();
        var place = $"runs in Redis {RedisConnection.AddressOf(settings.Redis)}, cluster '{settings.ClusterId}'";
        if (!settings.IsSilo)
        {
            return place;
        }
        var addresses = app.Services.GetRequiredService<SiloAddresses>();
        var queues = settings.Engine.Queues is { } named ? $"queues {string.Join(", ", named)}" : "every queue";
        return $"{place}; node '{addresses.Name}' at {addresses.Advertised}:{addresses.SiloPort}, {queues}";
    }
}
