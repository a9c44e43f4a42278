using System.Collections.Immutable;
using System.Text.Json;

namespace AgentGrid.Core.Plans;

/// <summary>One value of a form.</summary>
public sealed record FormField
{
    public required string Name { get; init; }
    public required FormType Type { get; init; }

    /// <summary>What people read instead of the name; null for the name.</summary>
    public string? Title { get; init; }
    public string? Description { get; init; }

    /// <summary>What a form shows before anybody has filled it in; null for nothing.</summary>
    public Json? Default { get; init; }

    /// <summary>The only values that there are; empty for any.</summary>
    public ImmutableArray<Json> Choices { get; init; } = [];
    public int? MinLength { get; init; }
    public int? MaxLength { get; init; }
    public double? Minimum { get; init; }
    public double? Maximum { get; init; }
    public bool Required { get; init; }

    /// <summary>What is wrong with a value; null when nothing is.</summary>
    public string? Problem(JsonElement value)
    {
        if (!IsOfType(value))
        {
            return $"expected {Expected}, got {Describe(value)}";
        }
        if (!Choices.IsEmpty && !Choices.Any(c => JsonElement.DeepEquals(c.Element, value)))
        {
            return $"expected one of {string.Join(", ", Choices)}, got {Describe(value)}";
        }
        return value.ValueKind switch
        {
            JsonValueKind.String => LengthProblem(value.GetString()!.Length),
            JsonValueKind.Number => RangeProblem(value.GetDouble()),
            _ => null,
        };
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", StepReader.WordOf(Type));
        WriteText(writer, "title", Title);
        WriteText(writer, "description", Description);
        WriteNumber(writer, "minLength", MinLength);
        WriteNumber(writer, "maxLength", MaxLength);
        WriteNumber(writer, "minimum", Minimum);
        WriteNumber(writer, "maximum", Maximum);
        if (!Choices.IsEmpty)
        {
            writer.WriteStartArray("enum");
            foreach (var choice in Choices)
            {
                choice.WriteTo(writer);
            }
            writer.WriteEndArray();
        }
        if (Default is not null)
        {
            writer.WritePropertyName("default");
            Default.WriteTo(writer);
        }
        writer.WriteEndObject();
    }

    internal static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.Undefined => "nothing",
        _ => Names.Shorten(value.GetRawText()),
    };

    private string Expected => Type switch
    {
        FormType.String => "a text",
        FormType.Integer => "a whole number",
        FormType.Number => "a number",
        _ => "true or false",
    };

    private bool IsOfType(JsonElement value) => Type switch
    {
        FormType.String => value.ValueKind == JsonValueKind.String,
        FormType.Number => IsFinite(value),
        FormType.Integer => IsFinite(value) && double.IsInteger(value.GetDouble()),
        _ => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
    };

    private static bool IsFinite(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number);

    private string? LengthProblem(int length) =>
        length < MinLength ? $"expected at least {MinLength} characters, got {length}"
        : length > MaxLength ? $"expected at most {MaxLength} characters, got {length}"
        : null;

    private string? RangeProblem(double number) =>
        number < Minimum ? FormattableString.Invariant($"expected at least {Minimum}, got {number}")
        : number > Maximum ? FormattableString.Invariant($"expected at most {Maximum}, got {number}")
        : null;

    private static void WriteText(Utf8JsonWriter writer, string key, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(key, value);
        }
    }

    private static void WriteNumber(Utf8JsonWriter writer, string key, double? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(key, number);
        }
    }
}

/// <summary>What a value of a form is.</summary>
public enum FormType
{
    String,
    Number,
    Integer,
    Boolean,
}
