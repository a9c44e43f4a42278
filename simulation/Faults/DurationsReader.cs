using System.Collections.Immutable;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;

namespace AgentGrid.Simulation.Faults;

/// <summary>Reads how long agents take: <c>perception: 2s</c>, or <c>motion_generator: 5s..20s</c> for a range.</summary>
public static class DurationsReader
{
    private const string Between = "..";

    /// <returns>The durations by agent, and every mistake; none of these where there is no mistake.</returns>
    public static (ImmutableDictionary<string, DurationRange> Durations, ImmutableArray<ConfigProblem> Problems) Read(
        ConfigFile file, GridConfig config)
    {
        var problems = new ProblemList();
        var durations = ImmutableDictionary.CreateBuilder<string, DurationRange>(StringComparer.Ordinal);
        foreach (var entry in new MappingReader(YamlSource.Read(file, problems), problems, null).Entries)
        {
            if (!config.Agents.ContainsKey(entry.Key))
            {
                problems.Add(entry.Place, ConfigCodes.UnknownAgent, $"unknown agent '{entry.Key}'{problems.Suggest(entry.Key, [.. config.Agents.Keys])}");
            }
            if (Read(entry, problems) is { } range)
            {
                durations[entry.Key] = range;
            }
        }
        return (durations.ToImmutable(), problems.ToImmutable());
    }

    private static DurationRange? Read(ConfigNode.Entry entry, ProblemList problems)
    {
        var text = (entry.Value as ConfigNode.Scalar)?.Text ?? "";
        var parts = text.Split(Between);
        var least = DurationText.Parse(parts[0], out var problem);
        var most = parts.Length == 2 && least is not null ? DurationText.Parse(parts[1], out problem) : least;
        if (least is not { } from || most is not { } to || parts.Length > 2 || to < from)
        {
            problems.Add(
                entry.Value.Place, ConfigCodes.BadDuration,
                $"'{entry.Key}': expected a duration such as 2s, or a range such as 2s..5s, came {entry.Value.Describe()}.{(problem is null ? "" : $" {problem}")}");
            return null;
        }
        return new DurationRange(from, to);
    }
}
