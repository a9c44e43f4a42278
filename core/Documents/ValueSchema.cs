extern alias JsonSchemaNet;

using System.Globalization;
using System.Text;
using System.Text.Json;
using JsonSchemaNet::Json.Pointer;
using JsonSchemaNet::Json.Schema;

namespace AgentGrid.Core.Documents;

/// <summary>
/// What a value has to be: a JSON Schema (draft 2020-12, or the one that its <c>$schema</c> names). Equality is that of the text.
/// </summary>
public sealed class ValueSchema : IEquatable<ValueSchema>
{
    private readonly JsonSchema _schema;

    private ValueSchema(Json text, JsonSchema schema) => (Text, _schema) = (text, schema);

    /// <summary>The schema as it is written.</summary>
    public Json Text { get; }

    /// <summary>Reads the value of a key; null when it is not there, and when it is no schema.</summary>
    public static ValueSchema? Read(MappingReader reader, string key, ProblemList problems)
    {
        if (reader[key] is not { } node)
        {
            return null;
        }
        if (node is not ConfigNode.Mapping)
        {
            problems.Add(node.Place, ConfigCodes.WrongType, $"'{key}': expected a JSON schema, as {{ type: object, properties: ... }}, got {node.Describe()}.");
            return null;
        }
        var text = node.ToJson();
        try
        {
            var schema = JsonSchema.FromText(text.ToString(), new BuildOptions { SchemaRegistry = new SchemaRegistry() });
            // What it refers to is looked for when it is used.
            schema.Evaluate(JsonElement.Parse("null"));
            return new ValueSchema(text, schema);
        }
        catch (Exception e) when (e is JsonException or JsonSchemaException or ArgumentException or InvalidOperationException or FormatException)
        {
            problems.Add(node.Place, ConfigCodes.BadSchema, $"'{key}' is not a JSON schema: {e.Message}");
            return null;
        }
    }

    /// <summary>Everything in a value that does not fit, each with its place; empty when all does.</summary>
    /// <param name="place">What the value is called: <c>input</c> makes <c>input.players[0].id</c>.</param>
    public IEnumerable<(string Place, string Reason)> Problems(JsonElement value, string place)
    {
        var results = _schema.Evaluate(value, new EvaluationOptions { OutputFormat = OutputFormat.List });
        if (results.IsValid)
        {
            return [];
        }
        var problems = (results.Details ?? []).Prepend(results).Where(static d => d.Errors is { Count: > 0 })
            .Select(d => (PlaceOf(d.InstanceLocation, value, place), string.Join(", ", d.Errors!.Values))).ToArray();
        return problems.Length > 0 ? problems : [(place, "it does not fit the schema")];
    }

    public bool Equals(ValueSchema? other) => other is not null && Text.Equals(other.Text);

    public override bool Equals(object? obj) => Equals(obj as ValueSchema);

    public override int GetHashCode() => Text.GetHashCode();

    private static string PlaceOf(JsonPointer pointer, JsonElement value, string place)
    {
        var path = new StringBuilder(place);
        for (var i = 0; i < pointer.SegmentCount; i++)
        {
            var segment = pointer[i].ToString();
            if (value.ValueKind == JsonValueKind.Array)
            {
                path.Append(CultureInfo.InvariantCulture, $"[{segment}]");
                value = value[int.Parse(segment, CultureInfo.InvariantCulture)];
            }
            else
            {
                path.Append('.').Append(Names.Shorten(segment));
                value = value.ValueKind == JsonValueKind.Object && value.TryGetProperty(segment, out var member) ? member : default;
            }
        }
        return path.ToString();
    }
}
