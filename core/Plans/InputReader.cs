using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>Reads what a step is given: its <c>with</c>.</summary>
internal static class InputReader
{
    private static readonly string[] s_keys = ["path", "default", "text"];

    /// <returns>Null when there is none.</returns>
    public static ImmutableSortedDictionary<string, InputMember>? Read(ConfigNode? node, ProblemList problems)
    {
        if (node is null)
        {
            return null;
        }
        var members = ImmutableSortedDictionary.CreateBuilder<string, InputMember>(StringComparer.Ordinal);
        var reader = new MappingReader(node, problems, null);
        foreach (var entry in reader.Entries)
        {
            if (Member(entry, reader, problems) is { } member)
            {
                members[entry.Key] = member;
            }
        }
        return members.ToImmutable();
    }

    private static InputMember? Member(ConfigNode.Entry entry, MappingReader reader, ProblemList problems)
    {
        switch (entry.Value)
        {
            case ConfigNode.Scalar { Kind: ScalarKind.Text }:
                return PathText.ReadPath(reader, entry.Key, problems) is { } path ? new InputMember.At(path) : null;
            case ConfigNode.Mapping mapping:
                return Member(entry.Key, mapping, problems);
            default:
                problems.Add(
                    entry.Value.Place, ConfigCodes.WrongType,
                    $"'{Names.Shorten(entry.Key)}': expected a path such as input.text, or {{ path: ..., default: ... }}, or " +
                    $"{{ text: \"...\" }}, got {entry.Value.Describe()}. Constants belong under 'input'.");
                return null;
        }
    }

    private static InputMember? Member(string name, ConfigNode.Mapping mapping, ProblemList problems)
    {
        var before = problems.Count;
        var reader = new MappingReader(mapping, problems, s_keys);
        if (problems.Count > before)
        {
            return null;
        }
        var (path, text) = (reader["path"], reader["text"]);
        if (path is null == text is null || (text is not null && reader["default"] is not null))
        {
            problems.Add(
                mapping.Place, ConfigCodes.BadPath,
                $"'{Names.Shorten(name)}': expected either 'path', with or without 'default', or 'text'.");
            return null;
        }
        if (path is not null)
        {
            return PathText.ReadPath(reader, "path", problems) is { } read
                ? new InputMember.At(read, reader["default"]?.ToJson())
                : null;
        }
        if (reader.Text("text") is not { } template)
        {
            return null;
        }
        var parsed = TextTemplate.Parse(template, out var problem);
        if (parsed is null)
        {
            problems.Add(text!.Place, ConfigCodes.BadPath, $"'text': {problem}");
            return null;
        }
        return new InputMember.Filled(parsed);
    }
}
