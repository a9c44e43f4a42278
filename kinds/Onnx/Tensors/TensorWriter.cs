using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Http.Tensors;

namespace AgentGrid.Kinds.Onnx.Tensors;

/// <summary>Writes a tensor as JSON: lists of lists, as deep as its shape.</summary>
/// <param name="who">How a message begins: agent and tensor.</param>
internal readonly struct TensorWriter(Utf8JsonWriter writer, TensorData tensor, string who)
{
    private const int LongestNumber = 32;

    /// <exception cref="AgentException">It has a value that JSON cannot say.</exception>
    public void Write() => Write(0, 0, tensor.Type == TensorType.BYTES ? tensor.Texts!.Length : tensor.Bytes.Length / tensor.Type.Size());

    private void Write(int depth, int start, int count)
    {
        if (depth == tensor.Shape.Length)
        {
            Values(start, 1);
            return;
        }
        var length = (int)tensor.Shape[depth];
        writer.WriteStartArray();
        if (depth == tensor.Shape.Length - 1)
        {
            Values(start, length);
        }
        else
        {
            for (var i = 0; i < length; i++)
            {
                Write(depth + 1, start + (i * (count / length)), count / length);
            }
        }
        writer.WriteEndArray();
    }

    private void Values(int start, int count)
    {
        switch (tensor.Type)
        {
            case TensorType.BOOL: Each<byte>(start, count, static (w, v) => w.WriteBooleanValue(v != 0)); break;
            case TensorType.UINT8: Each<byte>(start, count, static (w, v) => w.WriteNumberValue(v)); break;
            case TensorType.UINT16: Each<ushort>(start, count, static (w, v) => w.WriteNumberValue(v)); break;
            case TensorType.UINT32: Each<uint>(start, count, static (w, v) => w.WriteNumberValue(v)); break;
            case TensorType.UINT64: Each<ulong>(start, count, static (w, v) => w.WriteNumberValue(v)); break;
            case TensorType.INT8: Each<sbyte>(start, count, static (w, v) => w.WriteNumberValue(v)); break;
            case TensorType.INT16: Each<short>(start, count, static (w, v) => w.WriteNumberValue(v)); break;
            case TensorType.INT32: Each<int>(start, count, static (w, v) => w.WriteNumberValue(v)); break;
            case TensorType.INT64: Each<long>(start, count, static (w, v) => w.WriteNumberValue(v)); break;
            case TensorType.FP16: Finite<Half>(start, count, WriteHalf); break;
            case TensorType.FP32: Finite<float>(start, count, static (w, v) => w.WriteNumberValue(v)); break;
            case TensorType.FP64: Finite<double>(start, count, static (w, v) => w.WriteNumberValue(v)); break;
            case TensorType.BYTES: Texts(start, count); break;
            default: throw new InvalidOperationException($"Unknown type {tensor.Type}.");
        }
    }

    private void Each<T>(int start, int count, Action<Utf8JsonWriter, T> write)
        where T : unmanaged
    {
        foreach (var value in MemoryMarshal.Cast<byte, T>(tensor.Bytes.Span).Slice(start, count))
        {
            write(writer, value);
        }
    }

    private void Finite<T>(int start, int count, Action<Utf8JsonWriter, T> write)
        where T : unmanaged, System.Numerics.INumberBase<T>
    {
        var values = MemoryMarshal.Cast<byte, T>(tensor.Bytes.Span).Slice(start, count);
        for (var i = 0; i < values.Length; i++)
        {
            if (!T.IsFinite(values[i]))
            {
                throw new AgentException(
                    HttpErrors.BadAnswer,
                    $"{who} is {(T.IsNaN(values[i]) ? "NaN" : T.IsNegative(values[i]) ? "-Infinity" : "Infinity")} at {Place(start + i)}, " +
                    "which JSON cannot express.",
                    retryable: false);
            }
            write(writer, values[i]);
        }
    }

    // The shortest text that is this number again; as a float it would have digits that it does not have.
    private static void WriteHalf(Utf8JsonWriter writer, Half value)
    {
        Span<byte> text = stackalloc byte[LongestNumber];
        if (!value.TryFormat(text, out var length, default, System.Globalization.CultureInfo.InvariantCulture))
        {
            throw new InvalidOperationException("A number was longer than any can be.");
        }
        writer.WriteRawValue(text[..length], skipInputValidation: true);
    }

    private void Texts(int start, int count)
    {
        foreach (var text in tensor.Texts.AsSpan(start, count))
        {
            writer.WriteStringValue(text);
        }
    }

    // [1, 0, 3]: where a value is that has this number in the row of all.
    private string Place(long at)
    {
        var place = new long[tensor.Shape.Length];
        for (var axis = place.Length - 1; axis >= 0; axis--)
        {
            (at, place[axis]) = Math.DivRem(at, tensor.Shape[axis]);
        }
        return TensorData.Describe(place);
    }
}
