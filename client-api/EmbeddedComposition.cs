using AgentGrid.Agents.Perception;
using AgentGrid.Api.Hosting;
using AgentGrid.Api.Settings;
using AgentGrid.Core.Grid;
using AgentGrid.Embedded;
using AgentGrid.Engine;
using AgentGrid.Kinds;
using Microsoft.Extensions.Options;

namespace AgentGrid.ClientApi;

/// <summary>The client API and the embedded engine, in one process.</summary>
internal static class EmbeddedComposition
{
    private static readonly TimeSpan RoomToClose = TimeSpan.FromSeconds(5);

    public static ServerComposition Create() => new()
    {
        Syntax = EmbeddedCommandLine.Syntax,
        ReadSettings = reader =>
        {
            EmbeddedSettings.Read(reader, new EmbeddedOptions());
            WebhookSettings.Read(reader, new WebhookOptions());
            ArtifactSettings.Read(reader, new ArtifactOptions());
        },
        Add = AddEngine,
        Place = app => "data in " + Path.GetFullPath(
            app.Services.GetRequiredService<IOptions<EmbeddedOptions>>().Value.Data),
    };

    /// <summary>Adds the embedded engine, with the agents that ship with it and those it is told to load.</summary>
    public static void AddEngine(this WebApplicationBuilder builder)
    {
        builder.Services.AddAgentGrid()
            .AddAgents(typeof(PerceptionAgent).Assembly)
            .AddLibraries(AgentLibraries.PathsIn(builder.Configuration), builder.Configuration)
            .AddShippedKinds()
            .UseEmbeddedEngine();
        builder.Services.AddOptions<EmbeddedOptions>().ReadSection(EmbeddedSettings.Read).ValidateOnStart();
        builder.Services.AddOptions<WebhookOptions>().ReadSection(WebhookSettings.Read).ValidateOnStart();
        builder.Services.AddOptions<ArtifactOptions>().ReadSection(ArtifactSettings.Read).ValidateOnStart();
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<EmbeddedOptions>>(
            (host, engine) => host.ShutdownTimeout = engine.Value.DrainTimeout + RoomToClose);
    }
}
