using System.Collections.Immutable;
using AgentGrid.Core.Agents;

namespace AgentGrid.Core.Config;

/// <summary>The text of one file under <c>config/</c>; the name is relative to it, with '/'.</summary>
public sealed record ConfigFile(string Name, string Text);

/// <summary>A configuration, or every mistake in its files.</summary>
public sealed record ConfigResult(GridConfig? Config, ImmutableArray<ConfigProblem> Problems);

/// <summary>
/// Reads <c>agents.yaml</c> and <c>plans/*.yaml</c> together, lays them over the agents that exist as code, and
/// reports all mistakes at once.
/// </summary>
public static class ConfigReader
{
    public static ConfigResult Read(IReadOnlyCollection<ConfigFile> files, AgentCatalog catalog) =>
        throw new NotImplementedException();
}
