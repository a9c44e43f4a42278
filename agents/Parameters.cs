using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents;

/// <summary>Reads what a request or a step's own <c>input</c> asks of an agent.</summary>
internal static class Parameters
{
    /// <summary>The number of that name in the input; null when it is not given, or is null.</summary>
    /// <exception cref="AgentException">It is not a number, or is outside the bounds: <c>bad_input</c>.</exception>
    public static double? Number(AgentInvocation invocation, string name, double min, double max)
    {
        if (invocation.Member(name) is not { ValueKind: not JsonValueKind.Null } value)
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number)
            && number >= min && number <= max
            ? number
            : throw Bad(invocation, $"'{name}' must be a number from {min} to {max}, but is {Text(value)}.");
    }

    /// <exception cref="AgentException">As <see cref="Number"/>, or the number is not a whole one.</exception>
    public static long? Whole(AgentInvocation invocation, string name, long min, long max)
    {
        var number = Number(invocation, name, min, max);
        return number is null || double.IsInteger(number.Value)
            ? (long?)number
            : throw Bad(invocation, $"'{name}' must be a whole number, but is {number}.");
    }

    public static AgentException Bad(AgentInvocation invocation, string problem, Exception? inner = null) =>
        new("bad_input", $"Agent '{invocation.Agent}', step '{invocation.Step}': {problem}", retryable: false, inner);

    private static string Text(JsonElement value) => Names.Shorten(value.GetRawText());
}
