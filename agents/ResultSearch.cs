using System.Text.Json;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents;

/// <summary>
/// Finds an earlier step's output by its shape, so that a plan may call its steps as it likes.
/// </summary>
internal static class ResultSearch
{
    /// <summary>
    /// The first value that looks right: among the needed steps' outputs in the order of their ids, then the input and
    /// its properties. One level below each is searched too, where the modes all and each put their branches.
    /// </summary>
    public static JsonElement? Find(AgentInvocation invocation, Func<JsonElement, bool> looksRight)
    {
        foreach (var (_, result) in invocation.Results.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            if (In(result.Element, looksRight) is { } found)
            {
                return found;
            }
        }
        return invocation.Input.Element is { ValueKind: JsonValueKind.Object } input
            ? In(input, looksRight)
                ?? input.EnumerateObject().Select(p => In(p.Value, looksRight)).FirstOrDefault(v => v is not null)
            : null;
    }

    public static bool Has(JsonElement value, string name, JsonValueKind kind) =>
        value.TryGetProperty(name, out var property) && property.ValueKind == kind;

    private static JsonElement? In(JsonElement value, Func<JsonElement, bool> looksRight)
    {
        if (value.ValueKind == JsonValueKind.Object && looksRight(value))
        {
            return value;
        }
        var below = value.ValueKind switch
        {
            JsonValueKind.Object => value.EnumerateObject().Select(p => p.Value),
            JsonValueKind.Array => value.EnumerateArray(),
            _ => [],
        };
        foreach (var child in below)
        {
            if (child.ValueKind == JsonValueKind.Object && looksRight(child))
            {
                return child;
            }
        }
        return null;
    }
}
