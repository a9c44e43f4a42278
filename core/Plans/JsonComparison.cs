using System.Runtime.InteropServices;
using System.Text.Json;

namespace AgentGrid.Core.Plans;

/// <summary>Compares JSON values the way conditions do. Null stands for what is not there.</summary>
internal static class JsonComparison
{
    /// <summary>Neither false, null, 0, "", [] nor {}.</summary>
    public static bool IsTruthy(JsonElement? value) => value is { } v && v.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.Number => v.GetDouble() != 0,
        // By its text, for a string that is not Unicode has no value to compare.
        JsonValueKind.String => JsonMarshal.GetRawUtf8Value(v).Length > 2,
        JsonValueKind.Array => v.GetArrayLength() > 0,
        JsonValueKind.Object => v.GetPropertyCount() > 0,
        _ => false,
    };

    public static bool AreEqual(JsonElement? left, JsonElement? right)
    {
        var (a, b) = (KindOf(left), KindOf(right));
        if (a != b)
        {
            return false;
        }
        try
        {
            return a is JsonValueKind.Null || (a is JsonValueKind.Number
                ? Order(left, right) == 0
                : JsonElement.DeepEquals(left!.Value, right!.Value));
        }
        catch (InvalidOperationException)
        {
            // Texts that are not Unicode cannot be compared; they equal nothing.
            return false;
        }
    }

    /// <summary>Negative, zero or positive; null when there is no order between the two.</summary>
    public static int? Order(JsonElement? left, JsonElement? right) => (KindOf(left), KindOf(right)) switch
    {
        (JsonValueKind.Number, JsonValueKind.Number) => OrderNumbers(left!.Value, right!.Value),
        (JsonValueKind.String, JsonValueKind.String) => OrderTexts(left!.Value, right!.Value),
        _ => null,
    };

    // Whole numbers are compared exactly; a double would take large ids for equal.
    private static int OrderNumbers(JsonElement a, JsonElement b) =>
        a.TryGetInt64(out var x) && b.TryGetInt64(out var y)
            ? x.CompareTo(y)
            : a.GetDouble().CompareTo(b.GetDouble());

    private static int? OrderTexts(JsonElement a, JsonElement b)
    {
        try
        {
            return string.CompareOrdinal(a.GetString(), b.GetString());
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static JsonValueKind KindOf(JsonElement? value) => value?.ValueKind switch
    {
        null or JsonValueKind.Undefined => JsonValueKind.Null,
        { } kind => kind,
    };
}
