using AgentGrid.Api.Settings;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Artifacts;

namespace AgentGrid.Silo.Hosting;

/// <summary>Where a process of the cluster finds artifacts.</summary>
internal static class SiloArtifacts
{
    /// <summary>Adds the folder that is configured.</summary>
    /// <param name="otherwise">The folder where none is; null: there are no artifacts then.</param>
    public static void AddArtifacts(this IServiceCollection services, IConfiguration configuration, string? otherwise)
    {
        var options = new ArtifactOptions();
        ArtifactSettings.Read(new SectionReader(configuration), options);
        if ((options.Folder ?? otherwise) is { } folder)
        {
            services.AddSingleton<IArtifactStore>(new ArtifactFolder(folder, options));
        }
    }
}
