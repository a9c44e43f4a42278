using System.Text.Json;
using System.Text.Json.Serialization;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>Events as journals keep them: the events of one turn, as a JSON array.</summary>
public static class RunEventJson
{
    /// <remarks>In one call, because every call of the serializer allocates a stack of half a kilobyte.</remarks>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<RunEvent> events) =>
        JsonSerializer.Serialize(writer, events, RunEventContext.Default.IReadOnlyListRunEvent);

    /// <exception cref="JsonException">The bytes are not what <see cref="Write"/> wrote.</exception>
    public static RunEvent[] Read(ReadOnlySpan<byte> utf8) =>
        JsonSerializer.Deserialize(utf8, RunEventContext.Default.RunEventArray)
        ?? throw new JsonException("null is not a list of events");
}

internal sealed class SnakeCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower)
    where T : struct, Enum;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    MaxDepth = 128,
    Converters = [
        typeof(SnakeCaseEnumConverter<ErrorKind>), typeof(SnakeCaseEnumConverter<StepMode>), typeof(SnakeCaseEnumConverter<WebhookEvent>),
        typeof(SnakeCaseEnumConverter<ConcurrencyPolicy>),
    ])]
[JsonSerializable(typeof(RunEvent))]
[JsonSerializable(typeof(RunEvent[]))]
[JsonSerializable(typeof(IReadOnlyList<RunEvent>))]
internal sealed partial class RunEventContext : JsonSerializerContext;
