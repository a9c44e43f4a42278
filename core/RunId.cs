using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentGrid.Core;

/// <summary>
/// The name of one run: 32 lower-case hexadecimal digits, made by the engine, sorting by the time of acceptance.
/// </summary>
[JsonConverter(typeof(RunIdConverter))]
public readonly record struct RunId : IComparable<RunId>
{
    private readonly string? _value;

    private RunId(string value) => _value = value;

    public string Value => _value ?? "";

    /// <summary>Makes an id of a version 7 UUID.</summary>
    public static RunId From(Guid uuid) => new(uuid.ToString("N"));

    public static bool TryParse([NotNullWhen(true)] string? text, out RunId id)
    {
        var valid = text is { Length: 32 } && text.AsSpan().IndexOfAnyExcept("0123456789abcdef") < 0;
        id = valid ? new RunId(text!) : default;
        return valid;
    }

    public static RunId Parse(string text) => TryParse(text, out var id)
        ? id
        : throw new FormatException($"'{text}' is not a run id: expected 32 lower-case hexadecimal digits.");

    public int CompareTo(RunId other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value;
}

/// <summary>A run id as JSON has it: a text.</summary>
public sealed class RunIdConverter : JsonConverter<RunId>
{
    public override RunId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        RunId.TryParse(reader.GetString(), out var id) ? id : throw new JsonException("not a run id");

    public override void Write(Utf8JsonWriter writer, RunId value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Value);
}
