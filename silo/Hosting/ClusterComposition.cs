using AgentGrid.Agents.Perception;
using AgentGrid.Api;
using AgentGrid.Api.Hosting;
using AgentGrid.Api.Security;
using AgentGrid.Api.Settings;
using AgentGrid.Core.Grid;
using AgentGrid.Engine;
using AgentGrid.Kinds;
using AgentGrid.Silo.Health;
using AgentGrid.Silo.Settings;
using Microsoft.AspNetCore.Hosting.Server;

namespace AgentGrid.Silo.Hosting;

/// <summary>Puts a process of the cluster together, by its role.</summary>
internal static class ClusterComposition
{
    private static readonly TimeSpan RoomToClose = TimeSpan.FromSeconds(10);

    public static ServerComposition Create() => new()
    {
        Syntax = SiloCommandLine.Syntax,
        ReadSettings = reader =>
        {
            SettingsReader.Read(reader);
            WebhookSettings.Read(reader, new WebhookOptions());
            ArtifactSettings.Read(reader, new ArtifactOptions());
        },
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
        services.AddSingleton<ProcessExit>();
        services.AddHostedService<UnhandledErrors>();
        settings.Mode.AddStore(builder, settings);
        var drain = settings.IsSilo ? settings.Engine.DrainTimeout : TimeSpan.Zero;
        services.Configure<HostOptions>(host => host.ShutdownTimeout = drain + RoomToClose);
        if (settings.IsSilo)
        {
            services.AddAgentGrid()
                .AddAgents(typeof(PerceptionAgent).Assembly)
                .AddLibraries(AgentLibraries.PathsIn(builder.Configuration), builder.Configuration)
                .AddShippedKinds();
            services.AddOptions<WebhookOptions>().ReadSection(WebhookSettings.Read).ValidateOnStart();
            builder.AddSilo(settings);
        }
        if (settings.IsApi)
        {
            settings.Mode.AddGrid(builder, settings);
        }
        if (ListenAddresses.Of(builder.Configuration).Count == 0)
        {
            services.AddSingleton<IServer, NoServer>();
        }
    }

    private static async Task<bool> PrepareAsync(WebApplication app)
    {
        var settings = app.Services.GetRequiredService<SiloSettings>();
        if (settings.Recover)
        {
            await settings.Mode.RecoverAsync(app.Services, app.Lifetime.ApplicationStopping);
            return false;
        }
        await settings.Mode.PrepareAsync(app.Services, app.Lifetime.ApplicationStopping);
        return true;
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
            app.MapLazyDashboard();
        }
    }

    private static string Place(WebApplication app)
    {
        var settings = app.Services.GetRequiredService<SiloSettings>();
        var place = settings.Mode.Place(app.Services);
        if (!settings.IsSilo)
        {
            return place;
        }
        var addresses = app.Services.GetRequiredService<SiloAddresses>();
        var queues = settings.Engine.Queues is { } named ? $"queues {string.Join(", ", named)}" : "every queue";
        return $"{place}; node '{addresses.Name}' at {addresses.Advertised}:{addresses.SiloPort}, {queues}";
    }
}
