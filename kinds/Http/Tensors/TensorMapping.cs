using System.Collections.Immutable;
using System.Text.Json;

namespace AgentGrid.Kinds.Http.Tensors;

/// <summary>How the tensors of a model are made of an input, and an output of its tensors.</summary>
public sealed record TensorMapping
{
    /// <summary>The tensors that the model is given, in the order in which they are named.</summary>
    public required ImmutableArray<TensorInput> Inputs { get; init; }

    /// <summary>The tensors of the model that are wanted; empty for all, each under its own name.</summary>
    public ImmutableArray<TensorOutput> Outputs { get; init; } = [];

    /// <summary>Writes one object with each tensor in its place.</summary>
    /// <param name="tensors">What is wanted, each with what writes its value.</param>
    public static void Write(Utf8JsonWriter writer, IReadOnlyCollection<(TensorOutput Place, Action<Utf8JsonWriter> Value)> tensors) =>
        Write(writer, tensors, 0);

    // All of them have the same members up to the depth.
    private static void Write(
        Utf8JsonWriter writer, IReadOnlyCollection<(TensorOutput Place, Action<Utf8JsonWriter> Value)> tensors, int depth)
    {
        writer.WriteStartObject();
        foreach (var group in tensors.GroupBy(t => t.Place.Members[depth], StringComparer.Ordinal))
        {
            writer.WritePropertyName(group.Key);
            var (place, value) = group.First();
            if (place.Members.Length == depth + 1)
            {
                value(writer);
            }
            else
            {
                Write(writer, [.. group], depth + 1);
            }
        }
        writer.WriteEndObject();
    }
}

/// <summary>A tensor that a model is given.</summary>
/// <param name="Name">As the model calls it.</param>
/// <param name="Path">Where in the input its values are: a value, or lists of lists of the same lengths.</param>
/// <param name="Type">What the values are; null where that is not said.</param>
/// <param name="Shape">Its dimensions, of which one may be -1 for what is left; default where the lists tell themselves.</param>
public sealed record TensorInput(string Name, InputPath Path, TensorType? Type, ImmutableArray<int> Shape);

/// <summary>A tensor that a model answers with.</summary>
/// <param name="Name">As the model calls it.</param>
/// <param name="Members">Where in the output its values go: names of members, each within the one before.</param>
public sealed record TensorOutput(string Name, ImmutableArray<string> Members);

/// <summary>What the values of a tensor are, as the Open Inference Protocol names it.</summary>
public enum TensorType
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
