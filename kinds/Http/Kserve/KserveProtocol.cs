using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Kinds.Http.Exchanges;
using AgentGrid.Kinds.Http.Tensors;

namespace AgentGrid.Kinds.Http.Kserve;

/// <summary>
/// The Open Inference Protocol, version 2, in JSON: what Triton, KServe, MLServer, OpenVINO and TorchServe answer at
/// <c>/v2/models/NAME/infer</c>.
/// </summary>
internal sealed class KserveProtocol(TensorMapping mapping) : IProtocol
{
    // How Triton says that it has too much to do, or that a model is still being loaded: versions differ in the status.
    private static readonly string[] s_passing =
    [
        "exceeds maximum queue size", "request timeout expired", "has no available versions", "is not ready",
        "has stopped accepting new inference requests", "server is stopping",
    ];

    public ReadOnlyMemory<byte> Request(Json input) => Json.Build(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("inputs"u8);
        foreach (var tensor in mapping.Inputs)
        {
            RequestTensor.Of(tensor, input).WriteTo(writer);
        }
        writer.WriteEndArray();
        if (!mapping.Outputs.IsEmpty)
        {
            writer.WriteStartArray("outputs"u8);
            foreach (var tensor in mapping.Outputs)
            {
                writer.WriteStartObject();
                writer.WriteString("name"u8, tensor.Name);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }).Utf8;

    public Json Output(Json answer)
    {
        if (answer.Element.ValueKind != JsonValueKind.Object
            || !answer.Element.TryGetProperty("outputs", out var outputs) || outputs.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException("it has no list 'outputs', as the inference protocol (v2) requires.");
        }
        var tensors = outputs.EnumerateArray().Select(AnswerTensor.Read).ToImmutableArray();
        var wanted = mapping.Outputs.IsEmpty
            ? [.. tensors.Select(t => new TensorOutput(t.Name, [t.Name]))]
            : mapping.Outputs;
        var placed = wanted.Select(w => (w, (Action<Utf8JsonWriter>)(tensors.FirstOrDefault(t => t.Name == w.Name)
            ?? throw new FormatException(
                $"it has no tensor '{w.Name}'; it has {string.Join(", ", tensors.Select(t => $"'{t.Name}'"))}.")).WriteTo)).ToArray();
        return Json.Build(writer => TensorMapping.Write(writer, placed));
    }

    public bool? IsRetryable(string message) =>
        s_passing.Any(p => message.Contains(p, StringComparison.OrdinalIgnoreCase)) ? true : null;
}
