using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>Reads how a step chooses among its agents: <c>route: { prefer: { lang: input.language } }</c>.</summary>
internal static class RouteReader
{
    private static readonly string[] s_keys = ["prefer"];

    /// <returns>The labels that it prefers, and where it takes their texts from; null for none.</returns>
    public static ImmutableSortedDictionary<string, InputMember>? ReadPrefer(MappingReader reader, ProblemList problems)
    {
        if (reader["route"] is not { } node)
        {
            return null;
        }
        var prefer = new MappingReader(node, problems, s_keys)["prefer"];
        if (prefer is ConfigNode.Mapping mapping)
        {
            foreach (var entry in mapping.Entries)
            {
                if (Labels.Problem(entry.Key, "x") is { } wrong)
                {
                    problems.Add(entry.Place, ConfigCodes.BadLabel, wrong);
                }
            }
            if (mapping.Entries.Length > Labels.Most)
            {
                problems.Add(mapping.Place, ConfigCodes.BadLabel, $"'prefer' has {mapping.Entries.Length} labels, and {Labels.Most} are allowed.");
            }
        }
        return InputReader.Read(prefer, problems) is { IsEmpty: false } read ? read : null;
    }
}
