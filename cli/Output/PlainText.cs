using System.Globalization;
using System.Text;

namespace AgentGrid.Cli.Output;

/// <summary>
/// Text that others chose, made harmless for a terminal: an error message or a player's name must not move the cursor,
/// change colours or turn the line around.
/// </summary>
internal static class PlainText
{
    public static string Of(string? text)
    {
        if (text is null || !text.Any(IsHarmful))
        {
            return text ?? "";
        }
        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            clean.Append(c is '\n' or '\r' or '\t' ? ' ' : IsHarmful(c) ? '\uFFFD' : c);
        }
        return clean.ToString();
    }

    // Format characters include those that override the direction of text.
    private static bool IsHarmful(char c) =>
        char.IsControl(c) || char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator;
}
