using AgentGrid.Kinds.Http.Tensors;
using Microsoft.ML.OnnxRuntime;

namespace AgentGrid.Kinds.Onnx.Tensors;

/// <summary>Tensors as ONNX Runtime has them.</summary>
internal static class OrtTensors
{
    /// <summary>One tensor of several, one behind the other along the first axis.</summary>
    /// <param name="parts">At least one; all of them join each other.</param>
    public static OrtValue Join(IReadOnlyList<TensorData> parts)
    {
        long[] shape = [.. parts[0].Shape];
        if (parts.Count > 1)
        {
            shape[0] = parts.Sum(p => p.Rows);
        }
        return parts[0].Type == TensorType.BYTES ? JoinTexts(parts, shape) : JoinBytes(parts, shape);
    }

    /// <summary>A tensor of zeros, or of empty texts.</summary>
    public static OrtValue Zeros(TensorType type, long[] shape)
    {
        if (type == TensorType.BYTES)
        {
            return OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
        }
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type.OfModel(), shape);
        if (!shape.Contains(0))
        {
            value.GetTensorMutableRawData().Clear();
        }
        return value;
    }

    /// <summary>A copy of some of its rows; of all of it when it has none.</summary>
    public static TensorData Rows(OrtValue value, long start, long count)
    {
        var info = value.GetTensorTypeAndShape();
        var type = ElementType.Of(info.ElementDataType)
            ?? throw new InvalidOperationException($"A model returned {info.ElementDataType}, and had not said so.");
        var shape = info.Shape;
        var rows = shape.Length == 0 ? 1 : shape[0];
        var size = rows == 0 ? 0 : info.ElementCount / rows;
        if (shape.Length > 0)
        {
            shape[0] = count;
        }
        if (type == TensorType.BYTES)
        {
            var texts = info.ElementCount == 0 ? [] : value.GetStringTensorAsArray();
            return new TensorData(type, shape, default, texts.AsSpan((int)(start * size), (int)(count * size)).ToArray());
        }
        return new TensorData(type, shape, info.ElementCount == 0
            ? default
            : value.GetTensorMutableRawData().Slice(checked((int)(start * size * type.Size())), checked((int)(count * size * type.Size()))).ToArray());
    }

    private static OrtValue JoinBytes(IReadOnlyList<TensorData> parts, long[] shape)
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, parts[0].Type.OfModel(), shape);
        if (parts.All(p => p.Bytes.IsEmpty))
        {
            return value;
        }
        var rest = value.GetTensorMutableRawData();
        foreach (var part in parts)
        {
            part.Bytes.Span.CopyTo(rest);
            rest = rest[part.Bytes.Length..];
        }
        return value;
    }

    private static OrtValue JoinTexts(IReadOnlyList<TensorData> parts, long[] shape)
    {
        var value = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
        var at = 0;
        foreach (var text in parts.SelectMany(p => p.Texts!))
        {
            value.StringTensorSetElementAt(text.AsSpan(), at++);
        }
        return value;
    }
}
