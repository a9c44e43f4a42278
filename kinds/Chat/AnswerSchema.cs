extern alias JsonSchemaNet;

using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Documents;
using JsonSchemaNet::Json.Schema;

namespace AgentGrid.Kinds.Chat;

/// <summary>What an answer has to be: a JSON schema.</summary>
internal sealed class AnswerSchema
{
    private readonly JsonSchema _schema;

    private AnswerSchema(Json text, JsonSchema schema) => (Text, _schema) = (text, schema);

    /// <summary>The schema as it is written.</summary>
    public Json Text { get; }

    /// <summary>
    /// It is one that endpoints can hold a model to without loss: every object names all its members, requires all of them, and
    /// has no others.
    /// </summary>
    public bool IsStrict => IsStrictIn(Text.Element);

    /// <summary>Reads the value of a key; null when it is not there, and when it is no schema.</summary>
    public static AnswerSchema? Read(MappingReader agent, string key, ProblemList problems)
    {
        if (agent[key] is not { } node)
        {
            return null;
        }
        if (node is not ConfigNode.Mapping)
        {
            problems.Add(node.Place, ConfigCodes.WrongType, $"'{key}': expected a JSON schema, as {{ type: object, properties: ... }}, came {node.Describe()}.");
            return null;
        }
        var text = node.ToJson();
        try
        {
            var schema = JsonSchema.FromText(text.ToString(), new BuildOptions { SchemaRegistry = new SchemaRegistry() });
            // What it refers to is looked for when it is used.
            schema.Evaluate(JsonElement.Parse("null"));
            return new AnswerSchema(text, schema);
        }
        catch (Exception e) when (e is JsonException or JsonSchemaException or ArgumentException or InvalidOperationException or FormatException)
        {
            problems.Add(node.Place, ConfigCodes.BadSchema, $"'{key}' is no JSON schema: {e.Message}");
            return null;
        }
    }

    /// <summary>Why a value does not fit; null when it does.</summary>
    public string? Problem(Json value)
    {
        var results = _schema.Evaluate(value.Element, new EvaluationOptions { OutputFormat = OutputFormat.List });
        if (results.IsValid)
        {
            return null;
        }
        var (where, why) = (results.Details ?? []).Prepend(results).Where(d => d.Errors is { Count: > 0 })
            .Select(d => (d.InstanceLocation.ToString(), string.Join(", ", d.Errors!.Values))).FirstOrDefault();
        return why is null ? "it does not fit the schema" : $"at '{where}': {why}";
    }

    private static bool IsStrictIn(JsonElement schema)
    {
        if (schema.ValueKind == JsonValueKind.Array)
        {
            return schema.EnumerateArray().All(IsStrictIn);
        }
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return true;
        }
        if (schema.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object)
        {
            var required = schema.TryGetProperty("required", out var r) && r.ValueKind == JsonValueKind.Array
                ? r.EnumerateArray().Select(n => n.ToString()).ToHashSet(StringComparer.Ordinal) : [];
            return IsClosed(schema) && properties.EnumerateObject().All(p => required.Contains(p.Name) && IsStrictIn(p.Value));
        }
        return (!schema.TryGetProperty("type", out var type) || !type.ValueEquals("object") || IsClosed(schema))
            && schema.EnumerateObject().All(p => IsStrictIn(p.Value));
    }

    private static bool IsClosed(JsonElement schema) =>
        schema.TryGetProperty("additionalProperties", out var more) && more.ValueKind == JsonValueKind.False;
}
