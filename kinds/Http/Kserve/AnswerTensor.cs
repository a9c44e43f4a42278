using System.Collections.Immutable;
using System.Text.Json;

namespace AgentGrid.Kinds.Http.Kserve;

/// <summary>A tensor of an answer: lists of lists, as deep as its shape has dimensions.</summary>
internal sealed class AnswerTensor
{
    private readonly ImmutableArray<int> _shape;
    private readonly ImmutableArray<JsonElement> _values;

    private AnswerTensor(string name, ImmutableArray<int> shape, ImmutableArray<JsonElement> values) =>
        (Name, _shape, _values) = (name, shape, values);

    /// <summary>As the model calls it.</summary>
    public string Name { get; }

    /// <exception cref="FormatException">It is none.</exception>
    public static AnswerTensor Read(JsonElement tensor)
    {
        if (tensor.ValueKind != JsonValueKind.Object
            || !tensor.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String
            || !tensor.TryGetProperty("shape", out var shape) || shape.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException("a tensor in its 'outputs' has no name or no shape.");
        }
        if (!tensor.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException($"its tensor '{name.GetString()}' has no 'data'; binary data is not supported.");
        }
        var values = ImmutableArray.CreateBuilder<JsonElement>();
        Flatten(data, values);
        ImmutableArray<int> dimensions =
            [.. shape.EnumerateArray().Select(d => d.ValueKind == JsonValueKind.Number && d.TryGetInt32(out var x) ? x : -1)];
        return dimensions.Any(d => d < 0) || dimensions.Aggregate(1L, (product, d) => product * d) != values.Count
            ? throw new FormatException($"its tensor '{name.GetString()}' has {values.Count} values and the shape {shape.GetRawText()}.")
            : new AnswerTensor(name.GetString()!, dimensions, values.ToImmutable());
    }

    public void WriteTo(Utf8JsonWriter writer)
    {
        var at = 0;
        Write(writer, 0, ref at);
    }

    // Servers may send lists of lists, or all values in a row.
    private static void Flatten(JsonElement value, ImmutableArray<JsonElement>.Builder values)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            values.Add(value);
            return;
        }
        foreach (var item in value.EnumerateArray())
        {
            Flatten(item, values);
        }
    }

    private void Write(Utf8JsonWriter writer, int depth, ref int at)
    {
        if (depth == _shape.Length)
        {
            _values[at++].WriteTo(writer);
            return;
        }
        writer.WriteStartArray();
        for (var i = 0; i < _shape[depth]; i++)
        {
            Write(writer, depth + 1, ref at);
        }
        writer.WriteEndArray();
    }
}
