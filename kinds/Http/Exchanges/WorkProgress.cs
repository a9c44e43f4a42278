using System.Text.Json;

namespace AgentGrid.Kinds.Http.Exchanges;

/// <summary>How far work is: <c>{"fraction": 0.4, "message": "..."}</c>, or <c>progress</c> for one of them.</summary>
internal readonly record struct WorkProgress(double Fraction, string? Message)
{
    /// <summary>Null when the value says nothing of it.</summary>
    public static WorkProgress? Read(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return null;
        }
        if (value.TryGetProperty("progress", out var inner) && inner.ValueKind == JsonValueKind.Object)
        {
            return Read(inner);
        }
        var fraction = Number(value, "fraction") ?? Number(value, "progress");
        var message = value.TryGetProperty("message", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        return fraction is null && message is null ? null : new WorkProgress(fraction ?? 0, message);
    }

    private static double? Number(JsonElement value, string key) =>
        value.TryGetProperty(key, out var number) && number.ValueKind == JsonValueKind.Number
            && number.TryGetDouble(out var x) && double.IsFinite(x) ? x : null;
}
