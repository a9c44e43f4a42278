using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Documents;

namespace AgentGrid.Kinds.Chat;

/// <summary>What an answer has to be.</summary>
internal sealed class AnswerSchema
{
    private readonly ValueSchema _schema;

    private AnswerSchema(ValueSchema schema) => _schema = schema;

    /// <summary>The schema as it is written.</summary>
    public Json Text => _schema.Text;

    /// <summary>
    /// It is one that endpoints can hold a model to without loss: every object names all its members, requires all of them, and
    /// has no others.
    /// </summary>
    public bool IsStrict => IsStrictIn(Text.Element);

    /// <inheritdoc cref="ValueSchema.Read"/>
    public static AnswerSchema? Read(MappingReader agent, string key, ProblemList problems) =>
        ValueSchema.Read(agent, key, problems) is { } schema ? new AnswerSchema(schema) : null;

    /// <summary>Why a value does not fit; null when it does.</summary>
    public string? Problem(Json value)
    {
        var (place, reason) = _schema.Problems(value.Element, "answer").FirstOrDefault();
        return reason is null ? null : $"at '{place}': {reason}";
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
