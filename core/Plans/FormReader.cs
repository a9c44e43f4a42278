using System.Collections.Frozen;
using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>Reads a form: the keywords of JSON Schema that one can have, and no others.</summary>
internal static class FormReader
{
    private const int MostFields = 100;
    private const int LongestText = 100_000;
    private const double MostNumber = 1e300;

    private static readonly string[] s_keys = ["type", "title", "description", "properties", "required", "additionalProperties"];

    private static readonly string[] s_fieldKeys =
    [
        "type", "title", "description", "default", "enum", "minLength", "maxLength", "minimum", "maximum",
    ];

    private static readonly FrozenDictionary<string, FormType> s_types =
        Enum.GetValues<FormType>().ToFrozenDictionary(StepReader.WordOf, StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, bool> s_object =
        new Dictionary<string, bool> { ["object"] = true }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <returns>Null when there is none.</returns>
    public static Form? Read(ConfigNode? node, ProblemList problems)
    {
        if (node is null)
        {
            return null;
        }
        var reader = new MappingReader(node, problems, s_keys);
        _ = reader.Word("type", s_object);
        _ = reader.Text("title");
        _ = reader.Text("description");
        if (reader.Flag("additionalProperties") == true)
        {
            problems.Add(
                reader["additionalProperties"]!.Place, ConfigCodes.BadSchema,
                "'additionalProperties': a form has only the fields that it shows; remove this, or write false.");
        }
        var entries = new MappingReader(reader["properties"], problems, null).Entries;
        if (entries.Length is 0 or > MostFields)
        {
            problems.Add(
                reader["properties"]?.Place ?? node.Place, ConfigCodes.BadSchema,
                $"a form has 1 to {MostFields} fields under 'properties', not {entries.Length}.");
        }
        var required = reader.NameList("required", "name of a field") ?? [];
        foreach (var name in required.Where(r => !entries.Any(e => e.Key == r)))
        {
            problems.Add(
                reader["required"]!.Place, ConfigCodes.BadSchema,
                $"'required' lists '{name}', which is not a field{problems.Suggest(name, [.. entries.Select(static e => e.Key)])}");
        }
        return new Form([.. entries.Select(e => Field(e, required.Contains(e.Key), problems))]);
    }

    private static FormField Field(ConfigNode.Entry entry, bool required, ProblemList problems)
    {
        if (!Names.IsValid(entry.Key))
        {
            problems.Add(entry.Place, ConfigCodes.BadName, Names.Problem("name of a field", entry.Key));
        }
        var before = problems.Count;
        var reader = new MappingReader(entry.Value, problems, s_fieldKeys);
        var type = reader.Word("type", s_types);
        if (type is null && problems.Count == before)
        {
            problems.Add(
                entry.Value.Place, ConfigCodes.BadSchema,
                $"'{Names.Shorten(entry.Key)}' has no 'type': expected one of {string.Join(", ", s_types.Keys.Order(StringComparer.Ordinal))}.");
        }
        var field = new FormField
        {
            Name = entry.Key,
            Type = type ?? FormType.String,
            Title = reader.Text("title"),
            Description = reader.Text("description"),
            Required = required,
            Choices = reader["enum"] is ConfigNode.Sequence list ? [.. list.Items.Select(static i => i.ToJson())] : [],
            MinLength = reader.Integer("minLength", 0, LongestText),
            MaxLength = reader.Integer("maxLength", 0, LongestText),
            Minimum = reader.Number("minimum", -MostNumber, MostNumber),
            Maximum = reader.Number("maximum", -MostNumber, MostNumber),
        };
        if (problems.Count == before)
        {
            CheckKeys(field, reader, problems);
        }
        if (problems.Count == before)
        {
            CheckValues(field, reader, problems);
        }
        return field with { Default = reader["default"]?.ToJson() };
    }

    private static void CheckKeys(FormField field, MappingReader reader, ProblemList problems)
    {
        string[] others = field.Type switch
        {
            FormType.String => ["minimum", "maximum"],
            FormType.Boolean => ["minimum", "maximum", "minLength", "maxLength", "enum"],
            _ => ["minLength", "maxLength"],
        };
        foreach (var key in others.Where(k => reader[k] is not null))
        {
            problems.Add(
                reader[key]!.Place, ConfigCodes.BadSchema,
                $"'{key}' has no meaning for a {StepReader.WordOf(field.Type)}: remove it.");
        }
        if (field.MinLength > field.MaxLength || field.Minimum > field.Maximum)
        {
            problems.Add(
                reader.Place, ConfigCodes.Contradiction,
                $"'{Names.Shorten(field.Name)}' has a minimum above its maximum.");
        }
        if (reader["enum"] is { } choices and not ConfigNode.Sequence { Items.IsEmpty: false })
        {
            problems.Add(choices.Place, ConfigCodes.BadSchema, $"'enum': expected a list of values, got {choices.Describe()}.");
        }
    }

    private static void CheckValues(FormField field, MappingReader reader, ProblemList problems)
    {
        foreach (var item in reader["enum"] is ConfigNode.Sequence list ? list.Items : [])
        {
            Check(field with { Choices = [] }, "enum", item, problems);
        }
        if (reader["default"] is { } node)
        {
            Check(field, "default", node, problems);
        }
    }

    private static void Check(FormField field, string key, ConfigNode node, ProblemList problems)
    {
        if (field.Problem(node.ToJson().Element) is { } problem)
        {
            problems.Add(node.Place, ConfigCodes.BadSchema, $"'{key}': {problem}.");
        }
    }
}
