using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Store;

/// <summary>A run's head, and its tip: of its line all that is not in the head.</summary>
internal static class RecordJson
{
    private static readonly FrozenSet<string> s_inHead = FrozenSet.Create(
        StringComparer.Ordinal, nameof(RunSummary.RunId), nameof(RunSummary.MatchId), nameof(RunSummary.Round),
        nameof(RunSummary.Plan), nameof(RunSummary.PlanVersion), nameof(RunSummary.AcceptedAt));

    private static readonly JsonSerializerOptions s_options = new(RecordContext.Default.Options)
    {
        TypeInfoResolver = RecordContext.Default.WithAddedModifier(LeaveOutHead),
    };

    public static JsonTypeInfo<RunHead> Head { get; } = (JsonTypeInfo<RunHead>)s_options.GetTypeInfo(typeof(RunHead));

    public static JsonTypeInfo<RunSummary> Tip { get; } =
        (JsonTypeInfo<RunSummary>)s_options.GetTypeInfo(typeof(RunSummary));

    private static void LeaveOutHead(JsonTypeInfo type)
    {
        if (type.Type != typeof(RunSummary))
        {
            return;
        }
        foreach (var property in type.Properties.Where(p => p.AttributeProvider is MemberInfo m && s_inHead.Contains(m.Name)))
        {
            property.ShouldSerialize = static (_, _) => false;
            property.IsRequired = false;
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(RunStatusConverter), typeof(ConcurrencyPolicyConverter)])]
[JsonSerializable(typeof(RunHead))]
[JsonSerializable(typeof(RunSummary))]
internal sealed partial class RecordContext : JsonSerializerContext;

internal sealed class ConcurrencyPolicyConverter() : JsonStringEnumConverter<ConcurrencyPolicy>(JsonNamingPolicy.SnakeCaseLower);

internal sealed class RunStatusConverter() : JsonStringEnumConverter<RunStatus>(JsonNamingPolicy.SnakeCaseLower);
