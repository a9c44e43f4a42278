using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Kinds.Http.Exchanges;

namespace AgentGrid.Kinds.Http.Kserve;

/// <summary>
/// The Open Inference Protocol, version 2, in JSON: what Triton, KServe, MLServer, OpenVINO and TorchServe answer at
/// <c>/v2/models/NAME/infer</c>.
/// </summary>
internal sealed class KserveProtocol(KserveSettings settings) : IProtocol
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
        foreach (var tensor in settings.Inputs)
        {
            RequestTensor.Of(tensor, input).WriteTo(writer);
        }
        writer.WriteEndArray();
        if (!settings.Outputs.IsEmpty)
        {
            writer.WriteStartArray("outputs"u8);
            foreach (var tensor in settings.Outputs)
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
            throw new FormatException("it has no list 'outputs', as the inference protocol (v2) asks.");
        }
        var tensors = outputs.EnumerateArray().Select(AnswerTensor.Read).ToImmutableArray();
        var wanted = settings.Outputs.IsEmpty
            ? [.. tensors.Select(t => new TensorOutput(t.Name, [t.Name]))]
            : settings.Outputs;
        var placed = wanted.Select(w => (w.Members, tensors.FirstOrDefault(t => t.Name == w.Name)
            ?? throw new FormatException(
                $"it has no tensor '{w.Name}'; it has {string.Join(", ", tensors.Select(t => $"'{t.Name}'"))}."))).ToArray();
        return Json.Build(writer => Write(writer, placed, 0));
    }

    public bool? IsRetryable(string message) =>
        s_passing.Any(p => message.Contains(p, StringComparison.OrdinalIgnoreCase)) ? true : null;

    // All of them have the same members up to the depth.
    private static void Write(
        Utf8JsonWriter writer, IReadOnlyCollection<(ImmutableArray<string> Members, AnswerTensor Tensor)> placed, int depth)
    {
        writer.WriteStartObject();
        foreach (var group in placed.GroupBy(p => p.Members[depth], StringComparer.Ordinal))
        {
            writer.WritePropertyName(group.Key);
            if (group.First().Members.Length == depth + 1)
            {
                group.First().Tensor.WriteTo(writer);
            }
            else
            {
                Write(writer, [.. group], depth + 1);
            }
        }
        writer.WriteEndObject();
    }
}
