using System.Text.Json;

namespace AgentGrid.Core;

/// <summary>Tells text that UTF-8 can express from text that it cannot.</summary>
internal static class UnicodeText
{
    public const string Problem = "the text contains half of a surrogate pair, or bytes that are not UTF-8.";

    /// <summary>Whether all texts of a JSON value are ones.</summary>
    public static bool IsText(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString() is not null,
                JsonValueKind.Array => value.EnumerateArray().All(IsText),
                JsonValueKind.Object => value.EnumerateObject().All(static m => m.Name is not null && IsText(m.Value)),
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false; // an escape that stands for half of a surrogate pair
        }
    }

    public static bool IsValid(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
            {
                return false;
            }
            i++;
        }
        return true;
    }
}
