using System.CommandLine;
using AgentGrid.Agents.Perception;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Engine.Configuration;
using AgentGrid.Engine.Libraries;
using AgentGrid.Kinds;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Cli.Commands;

/// <summary>Configuration that is read as a server would read it.</summary>
internal static class Configuration
{
    public static Option<string[]> AgentLibraries() => new("--agents")
    {
        Description = "A library with agents, besides those that ship; can be given more than once.",
        HelpName = "dll",
    };

    public static Option<string> Folder(string description) => new("--config")
    {
        Description = description,
        HelpName = "folder",
        DefaultValueFactory = static _ => "config",
    };

    public static AgentCatalog Discover(IReadOnlyCollection<string> libraries)
    {
        try
        {
            return AgentCatalog.Discover([typeof(PerceptionAgent).Assembly, .. libraries.Select(path => AgentLibrary.Load(path).Assembly)])
                .With(ShippedKinds.Create());
        }
        catch (Exception e) when (e is InvalidOperationException or AgentSetupException)
        {
            throw new CliException(ExitCode.Usage, e.Message, e);
        }
    }

    /// <summary>What a server would do with a folder.</summary>
    public static GridConfig Read(string folder, IReadOnlyCollection<string> libraries)
    {
        try
        {
            using var source = new ConfigSource(ConfigFolder.Find(folder), Discover(libraries), TimeProvider.System, NullLogger.Instance);
            source.Start();
            return source.Current;
        }
        catch (Exception e) when (e is ConfigException or DirectoryNotFoundException)
        {
            throw new CliException(ExitCode.Usage, e.Message, e);
        }
    }
}
