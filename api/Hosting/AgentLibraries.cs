using System.Reflection;
using AgentGrid.Api.Settings;

namespace AgentGrid.Api.Hosting;

/// <summary>The libraries of agents that the program is told to load.</summary>
public static class AgentLibraries
{
    /// <summary>Those of <see cref="ApiOptions.AgentAssemblies"/>.</summary>
    /// <exception cref="StartupRefusedException">A file is not there, or is not a .NET library.</exception>
    public static Assembly[] Load(IConfiguration configuration) =>
        [.. new SectionReader(configuration).List(nameof(ApiOptions.AgentAssemblies)).Select(Load)];

    private static Assembly Load(string path)
    {
        var full = Path.GetFullPath(path);
        try
        {
            return Assembly.LoadFrom(full);
        }
        catch (FileNotFoundException)
        {
            throw new StartupRefusedException(
                $"There is no library of agents '{full}': --agents takes the path of a .dll file.");
        }
        catch (BadImageFormatException)
        {
            throw new StartupRefusedException(
                $"'{full}' is not a .NET library: --agents takes the .dll file that a build has made.");
        }
    }
}
