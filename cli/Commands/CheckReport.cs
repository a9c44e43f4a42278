using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.Cli.Commands;

/// <summary>What a check of configuration found.</summary>
/// <param name="Files">How many files were read.</param>
/// <param name="Warnings">They leave what was checked valid.</param>
internal sealed record CheckReport(
    bool Valid, int Files, ImmutableArray<ConfigProblem> Problems, ImmutableArray<ConfigProblem> Warnings);
