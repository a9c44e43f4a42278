using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Config;

/// <summary>A configuration, or every mistake in its files.</summary>
public sealed record ConfigResult(GridConfig? Config, ImmutableArray<ConfigProblem> Problems)
{
    /// <summary>What is allowed, and most likely not what was meant; with mistakes and without.</summary>
    public ImmutableArray<ConfigProblem> Warnings { get; init; } = [];
}

/// <summary>
/// Reads <c>agents.yaml</c>, <c>plans/*.yaml</c> and <c>schedules.yaml</c> together, lays them over the agents that exist as code, and
/// reports all mistakes at once, in the order of files and lines. The order of the files does not matter.
/// </summary>
public static class ConfigReader
{
    private const string AgentsFile = "agents.yaml";
    private const string PlansFolder = "plans/";

    /// <summary>Without <c>agents.yaml</c>, the attributes hold. Other files than YAML are left alone.</summary>
    public static ConfigResult Read(IReadOnlyCollection<ConfigFile> files, AgentCatalog catalog)
    {
        var problems = new ProblemList();
        var sorted = files.OrderBy(f => f.Name, StringComparer.Ordinal).ToArray();
        var agents = new AgentsReader(catalog, problems);
        var agentsFile = sorted.FirstOrDefault(f => f.Name == AgentsFile);
        var before = problems.Count;
        var agentsRoot = agentsFile is null ? null : YamlSource.Read(agentsFile, problems);
        var agentsReadable = problems.Count == before;
        var grid = agents.Read(agentsRoot);

        var plans = new PlanFilesReader(problems);
        foreach (var file in sorted)
        {
            if (IsPlanFile(file.Name))
            {
                plans.Read(file);
            }
            else if (file.Name is not (AgentsFile or SchedulesReader.File))
            {
                RefuseMisnamed(file.Name, problems);
            }
        }
        grid = plans.AddTo(grid, checkCapabilities: agentsReadable);
        if (sorted.FirstOrDefault(f => f.Name == SchedulesReader.File) is { } schedules)
        {
            grid = grid with { Schedules = new SchedulesReader(problems).Read(schedules, grid.Plans, plans.Known) };
        }
        return new ConfigResult(problems.Count == 0 ? grid : null, problems.ToImmutable()) { Warnings = problems.Warnings };
    }

    private static bool IsPlanFile(string name) =>
        name.StartsWith(PlansFolder, StringComparison.Ordinal) && name.EndsWith(".yaml", StringComparison.Ordinal);

    private static void RefuseMisnamed(string name, ProblemList problems)
    {
        if (name.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase))
        {
            problems.Add(
                ConfigPlace.Root(name, null, 1, 1), ConfigCodes.UnknownFile,
                $"'{name}' is not read: agents belong in '{AgentsFile}', plans in '{PlansFolder}*.yaml', " +
                $"schedules in '{SchedulesReader.File}'.");
        }
    }
}
