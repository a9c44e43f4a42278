using AgentGrid.Api.Settings;

namespace AgentGrid.Api.Hosting;

/// <summary>The libraries of agents that the program is told to load.</summary>
public static class AgentLibraries
{
    /// <summary>Those of <see cref="ApiOptions.AgentAssemblies"/>: paths of .dll files.</summary>
    public static IReadOnlyList<string> PathsIn(IConfiguration configuration) =>
        [.. new SectionReader(configuration).List(nameof(ApiOptions.AgentAssemblies))];
}
