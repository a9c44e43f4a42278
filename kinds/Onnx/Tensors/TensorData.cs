using AgentGrid.Kinds.Http.Tensors;

namespace AgentGrid.Kinds.Onnx.Tensors;

/// <summary>A tensor in memory of its own, row by row.</summary>
/// <param name="Type">What its values are.</param>
/// <param name="Shape">Its dimensions; empty for one value.</param>
/// <param name="Bytes">The values as the processor has them; empty for texts.</param>
/// <param name="Texts">The values of a tensor of texts; null for others.</param>
internal sealed record TensorData(TensorType Type, long[] Shape, ReadOnlyMemory<byte> Bytes, string[]? Texts = null)
{
    /// <summary>What is along the first axis; 1 for one value.</summary>
    public long Rows => Shape.Length == 0 ? 1 : Shape[0];

    /// <summary>Whether both can be parts of one tensor, one behind the other along the first axis.</summary>
    public bool Joins(TensorData other) =>
        Type == other.Type && Shape.Length == other.Shape.Length && Shape.AsSpan(1).SequenceEqual(other.Shape.AsSpan(1));

    /// <summary>A shape as messages show it.</summary>
    public static string Describe(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
