using AgentGrid.Agents.Perception;
using AgentGrid.ClientApi.Settings;
using AgentGrid.Embedded;
using AgentGrid.Engine;
using Microsoft.Extensions.Options;

namespace AgentGrid.ClientApi.Hosting;

/// <summary>Which engine the program runs by default.</summary>
internal static class EngineComposition
{
    private static readonly TimeSpan RoomToClose = TimeSpan.FromSeconds(5);

    /// <summary>The client API with the embedded engine.</summary>
    public static readonly ServerComposition Embedded = new()
    {
        Syntax = CommandLineSyntax.ClientApi,
        ReadSettings = reader => EngineSettings.Read(reader, new EmbeddedOptions()),
        Add = AddEngine,
        Place = app => "data in " + Path.GetFullPath(
            app.Services.GetRequiredService<IOptions<EmbeddedOptions>>().Value.Data),
    };

    /// <summary>Adds the embedded engine, with the agents that ship with it and those it is told to load.</summary>
    public static void AddEngine(this WebApplicationBuilder builder)
    {
        builder.Services.AddAgentGrid()
            .AddAgents(typeof(PerceptionAgent).Assembly)
            .AddAgents(AgentLibraries.Load(builder.Configuration))
            .UseEmbeddedEngine();
        builder.Services.AddOptions<EmbeddedOptions>().ReadSection(EngineSettings.Read).ValidateOnStart();
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<EmbeddedOptions>>(
            (host, engine) => host.ShutdownTimeout = engine.Value.DrainTimeout + RoomToClose);
    }
}
