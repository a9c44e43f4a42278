using System.Collections.Immutable;

namespace AgentGrid.Kinds.Http.Kserve;

/// <summary>How tensors are made of an input, and an output of tensors.</summary>
internal sealed record KserveSettings
{
    /// <summary>The tensors of a request, in the order in which they are named.</summary>
    public required ImmutableArray<TensorInput> Inputs { get; init; }

    /// <summary>The tensors of an answer that are wanted; empty for all, each under its own name.</summary>
    public ImmutableArray<TensorOutput> Outputs { get; init; } = [];
}

/// <summary>A tensor of a request.</summary>
/// <param name="Name">As the model calls it.</param>
/// <param name="Path">Where in the input its values are: a value, or lists of lists of the same lengths.</param>
/// <param name="Type">What the values are; null where they tell themselves.</param>
/// <param name="Shape">Its dimensions, of which one may be -1 for what is left; default where the lists tell themselves.</param>
internal sealed record TensorInput(string Name, InputPath Path, TensorType? Type, ImmutableArray<int> Shape);

/// <summary>A tensor of an answer.</summary>
/// <param name="Name">As the model calls it.</param>
/// <param name="Members">Where in the output its values go: names of members, each within the one before.</param>
internal sealed record TensorOutput(string Name, ImmutableArray<string> Members);

/// <summary>What the values of a tensor are, as the protocol names it.</summary>
internal enum TensorType
{
    BOOL,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    INT8,
    INT16,
    INT32,
    INT64,
    FP16,
    FP32,
    FP64,
    BYTES,
}
