using System.Text.Json;
using AgentGrid.Core;

namespace AgentGrid.Kinds.Http.Exchanges;

/// <summary>What a service says of work that it does in its own time.</summary>
internal readonly record struct WorkState(Json Value, string? Status)
{
    public static WorkState Read(Json value) => new(
        value,
        value.Element.ValueKind == JsonValueKind.Object && value.Element.TryGetProperty("status", out var word)
            && word.ValueKind == JsonValueKind.String ? word.GetString() : null);

    public bool HasFailed => Status is "failed" or "cancelled" or "canceled";

    public bool GoesOn => Status is "queued" or "pending" or "running";

    /// <summary>Why it has failed.</summary>
    public ServiceError Error => Status == "failed"
        ? ServiceError.Read(Value.Element)
        : new ServiceError("job_cancelled", "the work was cancelled at the service", Retryable: false);

    /// <summary>What it has come to.</summary>
    public Json Result => Status == "succeeded"
        && (Value.Element.TryGetProperty("result", out var result) || Value.Element.TryGetProperty("output", out result))
        ? Json.From(result)
        : Value;
}
