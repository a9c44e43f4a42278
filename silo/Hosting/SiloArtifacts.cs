using AgentGrid.Api.Settings;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Artifacts;

namespace AgentGrid.Silo.Hosting;

/// <summary>Where a process of the cluster finds artifacts.</summary>
internal static class SiloArtifacts
{
    /// <summary>Adds the folder that is configured.</summary>
    /// <param name="otherwise">The store where none is.</param>
    public static void AddArtifacts(
        this IServiceCollection services, IConfiguration configuration, Func<IServiceProvider, ArtifactOptions, IArtifactStore> otherwise)
    {
        var options = new ArtifactOptions();
        ArtifactSettings.Read(new SectionReader(configuration), options);
        services.AddSingleton(s => options.Folder is { } folder ? new ArtifactFolder(folder, options) : otherwise(s, options));
    }
}
