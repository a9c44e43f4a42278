using System.Text;
using System.Text.Json;

namespace AgentGrid.Agents.Perception;

/// <summary>
/// Reads texts that may not be text: JSON can spell half a surrogate pair, and .NET refuses to read it.
/// </summary>
internal static class JsonText
{
    /// <summary>The string's value, or its raw spelling between the quotes where it has no value.</summary>
    public static string Of(JsonElement value)
    {
        try
        {
            return value.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            return value.GetRawText()[1..^1];
        }
    }

    /// <inheritdoc cref="Of(JsonElement)"/>
    public static string Of(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(reader.ValueSpan);
        }
    }
}
