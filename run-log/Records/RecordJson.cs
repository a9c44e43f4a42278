using System.Text.Json;
using System.Text.Json.Serialization;
using AgentGrid.Core.Runs;

namespace AgentGrid.RunLog.Records;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(RunStatusConverter)])]
[JsonSerializable(typeof(RunHead))]
[JsonSerializable(typeof(RunTip))]
internal sealed partial class RecordJson : JsonSerializerContext;

internal sealed class RunStatusConverter() : JsonStringEnumConverter<RunStatus>(JsonNamingPolicy.SnakeCaseLower);
