using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http.Tensors;

namespace AgentGrid.Kinds.Http.Kserve;

/// <summary>A tensor of a request, taken from an input.</summary>
internal sealed class RequestTensor
{
    private readonly TensorInput _declared;
    private readonly List<JsonElement> _values = [];
    private readonly List<int> _lengths = [];

    private RequestTensor(TensorInput declared) => _declared = declared;

    /// <exception cref="AgentException">What is there is no tensor.</exception>
    public static RequestTensor Of(TensorInput declared, Json input)
    {
        var tensor = new RequestTensor(declared);
        var value = declared.Path.Find(input);
        tensor.Add(value, 0);
        if (value.ValueKind != JsonValueKind.Array)
        {
            tensor._lengths.Add(1);
        }
        return tensor;
    }

    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, _declared.Name);
        writer.WriteStartArray("shape"u8);
        foreach (var dimension in Shape())
        {
            writer.WriteNumberValue(dimension);
        }
        writer.WriteEndArray();
        writer.WriteString("datatype"u8, (_declared.Type ?? Type()).ToString());
        writer.WriteStartArray("data"u8);
        foreach (var value in _values)
        {
            value.WriteTo(writer);
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    // Row by row; the first list of each depth says how long all of that depth are.
    private void Add(JsonElement value, int depth)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            var length = value.GetArrayLength();
            if (depth == _lengths.Count && _values.Count == 0)
            {
                _lengths.Add(length);
            }
            if (depth >= _lengths.Count || _lengths[depth] != length)
            {
                throw Bad("its lists do not have the same lengths");
            }
            foreach (var item in value.EnumerateArray())
            {
                Add(item, depth + 1);
            }
        }
        else if (depth != _lengths.Count)
        {
            throw Bad("some of its values are lists, and others are not");
        }
        else if (value.ValueKind is JsonValueKind.Number or JsonValueKind.String or JsonValueKind.True or JsonValueKind.False)
        {
            _values.Add(value);
        }
        else
        {
            throw Bad($"a tensor is made of numbers, texts or flags, but {value.ValueKind} is in it");
        }
    }

    private ImmutableArray<int> Shape()
    {
        if (_declared.Shape.IsDefault)
        {
            return [.. _lengths];
        }
        var known = _declared.Shape.Where(d => d >= 0).Aggregate(1L, (product, d) => product * d);
        var hasRest = _declared.Shape.Contains(-1);
        if (hasRest ? known == 0 || _values.Count % known != 0 : known != _values.Count)
        {
            throw Bad($"{_values.Count} values do not fill the shape [{string.Join(", ", _declared.Shape)}]");
        }
        return [.. _declared.Shape.Select(d => d >= 0 ? d : (int)(_values.Count / known))];
    }

    private TensorType Type()
    {
        if (_values.TrueForAll(v => v.ValueKind == JsonValueKind.Number))
        {
            return _values.TrueForAll(v => v.TryGetInt64(out _)) ? TensorType.INT64 : TensorType.FP32;
        }
        if (_values.TrueForAll(v => v.ValueKind == JsonValueKind.String))
        {
            return TensorType.BYTES;
        }
        return _values.TrueForAll(v => v.ValueKind is JsonValueKind.True or JsonValueKind.False)
            ? TensorType.BOOL
            : throw Bad("its values are of several types");
    }

    private AgentException Bad(string reason) => new(
        HttpErrors.BadInput, $"'{_declared.Path.Text}' of the input cannot be the tensor '{_declared.Name}': {reason}.", retryable: false);
}
