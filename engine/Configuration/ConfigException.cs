using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.Engine.Configuration;

/// <summary>The configuration that an engine was to start with has mistakes; the message has a line for each.</summary>
public sealed class ConfigException(string? folder, ImmutableArray<ConfigProblem> problems)
    : Exception($"The configuration in '{folder}' has mistakes:\n  {string.Join("\n  ", problems)}")
{
    /// <summary>All of them.</summary>
    public ImmutableArray<ConfigProblem> Problems { get; } = problems;
}
