using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AgentGrid.Core;

/// <summary>
/// JSON in the one form that <see href="https://www.rfc-editor.org/rfc/rfc8785">RFC 8785</see> gives to a value: members sorted,
/// no blanks, each number and each text written in one way only. So that the same value has the same bytes, and the same signature.
/// </summary>
public static class CanonicalJson
{
    // Beyond these, ECMAScript writes numbers with an exponent.
    private const double LeastPlain = 1e-6;
    private const double MostPlain = 1e21;

    /// <summary>The value in canonical form.</summary>
    /// <param name="value">Numbers are taken as 64-bit floating point ones, as the standard has it.</param>
    /// <param name="without">A member of the outermost object that is left out; null for none.</param>
    /// <exception cref="InvalidOperationException">A text is not valid Unicode.</exception>
    public static Json Of(JsonElement value, string? without = null)
    {
        var text = new StringBuilder();
        Write(text, value, without);
        return Json.Trusted(Encoding.UTF8.GetBytes(text.ToString()));
    }

    private static void Write(StringBuilder to, JsonElement value, string? without = null)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(to, value, without);
                break;
            case JsonValueKind.Array:
                var separator = '[';
                foreach (var item in value.EnumerateArray())
                {
                    to.Append(separator);
                    Write(to, item);
                    separator = ',';
                }
                to.Append(separator == '[' ? "[]" : "]");
                break;
            case JsonValueKind.String:
                Write(to, value.GetString()!);
                break;
            case JsonValueKind.Number:
                to.Append(Text(value.GetDouble()));
                break;
            default:
                to.Append(value.GetRawText()); // true, false, null
                break;
        }
    }

    private static void WriteObject(StringBuilder to, JsonElement value, string? without)
    {
        var separator = '{';
        foreach (var member in value.EnumerateObject().Where(m => m.Name != without).OrderBy(static m => m.Name, StringComparer.Ordinal))
        {
            to.Append(separator);
            Write(to, member.Name);
            to.Append(':');
            Write(to, member.Value);
            separator = ',';
        }
        to.Append(separator == '{' ? "{}" : "}");
    }

    private static void Write(StringBuilder to, string text)
    {
        to.Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => to.Append("\\\""),
                '\\' => to.Append("\\\\"),
                '\b' => to.Append("\\b"),
                '\t' => to.Append("\\t"),
                '\n' => to.Append("\\n"),
                '\f' => to.Append("\\f"),
                '\r' => to.Append("\\r"),
                < ' ' => to.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => to.Append(c),
            };
        }
        to.Append('"');
    }

    // As ECMAScript writes it: the fewest digits that are read as the same number.
    private static string Text(double number)
    {
        if (number == 0)
        {
            return "0";
        }
        var shortest = number.ToString("R", CultureInfo.InvariantCulture);
        if (!shortest.Contains('E', StringComparison.Ordinal))
        {
            return shortest;
        }
        if (Math.Abs(number) is >= LeastPlain and < MostPlain)
        {
            return decimal.Parse(shortest, NumberStyles.Float, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        }
        var at = shortest.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(shortest.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{shortest[..at]}e{(exponent < 0 ? "" : "+")}{exponent}");
    }
}
