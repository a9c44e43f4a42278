using System.Collections.Immutable;
using AgentGrid.Kinds.Http.Tensors;

namespace AgentGrid.Kinds.Onnx.Models;

/// <summary>An input or output of a model, as the model declares it.</summary>
/// <param name="Name">As the model calls it.</param>
/// <param name="Type">What its values are.</param>
/// <param name="Shape">Its dimensions; -1 for one of any length.</param>
internal sealed record ModelTensor(string Name, TensorType Type, ImmutableArray<long> Shape)
{
    /// <summary>Whether any number of rows is allowed.</summary>
    public bool HasFreeRows => !Shape.IsEmpty && Shape[0] == -1;

    /// <summary>Whether a tensor of this shape is what the model declares.</summary>
    public bool Fits(IReadOnlyList<long> shape) =>
        shape.Count == Shape.Length && Shape.Select((d, i) => d == -1 || d == shape[i]).All(fits => fits);
}
