using System.Runtime.CompilerServices;
using AgentGrid.Kinds.Http.Tensors;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace AgentGrid.Kinds.Onnx.Tensors;

/// <summary>The types that tensors of JSON and tensors of models have in common.</summary>
internal static class ElementType
{
    /// <summary>Null for one that JSON does not know.</summary>
    public static TensorType? Of(TensorElementType type) => type switch
    {
        TensorElementType.Bool => TensorType.BOOL,
        TensorElementType.UInt8 => TensorType.UINT8,
        TensorElementType.UInt16 => TensorType.UINT16,
        TensorElementType.UInt32 => TensorType.UINT32,
        TensorElementType.UInt64 => TensorType.UINT64,
        TensorElementType.Int8 => TensorType.INT8,
        TensorElementType.Int16 => TensorType.INT16,
        TensorElementType.Int32 => TensorType.INT32,
        TensorElementType.Int64 => TensorType.INT64,
        TensorElementType.Float16 => TensorType.FP16,
        TensorElementType.Float => TensorType.FP32,
        TensorElementType.Double => TensorType.FP64,
        TensorElementType.String => TensorType.BYTES,
        _ => null,
    };

    /// <summary>As ONNX Runtime names it.</summary>
    public static TensorElementType OfModel(this TensorType type) => type switch
    {
        TensorType.BOOL => TensorElementType.Bool,
        TensorType.UINT8 => TensorElementType.UInt8,
        TensorType.UINT16 => TensorElementType.UInt16,
        TensorType.UINT32 => TensorElementType.UInt32,
        TensorType.UINT64 => TensorElementType.UInt64,
        TensorType.INT8 => TensorElementType.Int8,
        TensorType.INT16 => TensorElementType.Int16,
        TensorType.INT32 => TensorElementType.Int32,
        TensorType.INT64 => TensorElementType.Int64,
        TensorType.FP16 => TensorElementType.Float16,
        TensorType.FP32 => TensorElementType.Float,
        TensorType.FP64 => TensorElementType.Double,
        TensorType.BYTES => TensorElementType.String,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown type"),
    };

    /// <summary>Bytes of one value; 0 for texts, which have none in common.</summary>
    public static int Size(this TensorType type) => type switch
    {
        TensorType.BOOL or TensorType.UINT8 or TensorType.INT8 => sizeof(byte),
        TensorType.UINT16 or TensorType.INT16 => sizeof(short),
        TensorType.FP16 => Unsafe.SizeOf<Half>(),
        TensorType.UINT32 or TensorType.INT32 or TensorType.FP32 => sizeof(int),
        TensorType.UINT64 or TensorType.INT64 or TensorType.FP64 => sizeof(long),
        _ => 0,
    };
}
