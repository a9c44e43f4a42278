using System.Globalization;
using System.Text.RegularExpressions;

namespace AgentGrid.Core.Documents;

/// <summary>The types of plain YAML scalars, by the core schema of YAML 1.2 (chapter 10.3).</summary>
internal static partial class YamlScalar
{
    /// <summary>Says what a plain scalar is; the text is turned into JSON's way of writing it.</summary>
    /// <returns>Null for a number that JSON cannot express: <c>.inf</c>, <c>.nan</c>.</returns>
    public static (ScalarKind Kind, string Text)? Resolve(string text)
    {
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return (ScalarKind.Null, "null");
            case "true" or "True" or "TRUE":
                return (ScalarKind.Flag, "true");
            case "false" or "False" or "FALSE":
                return (ScalarKind.Flag, "false");
        }
        if (!char.IsAsciiDigit(text[0]) && text[0] is not ('-' or '+' or '.'))
        {
            return (ScalarKind.Text, text);
        }
        if (NotFinite().IsMatch(text))
        {
            return null;
        }
        if (Decimal().Match(text) is { Success: true } number)
        {
            return (ScalarKind.Number, ToJsonNumber(number));
        }
        if (text.StartsWith("0x", StringComparison.Ordinal)
            && ulong.TryParse(
                text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex))
        {
            return (ScalarKind.Number, hex.ToString(CultureInfo.InvariantCulture));
        }
        if (Octal().IsMatch(text))
        {
            var value = text.AsSpan(2).ToArray().Aggregate(0UL, (sum, digit) => (sum * 8) + (ulong)(digit - '0'));
            return (ScalarKind.Number, value.ToString(CultureInfo.InvariantCulture));
        }
        return (ScalarKind.Text, text);
    }

    // JSON has no leading '+', no leading zeros, and digits on both sides of the point.
    private static string ToJsonNumber(Match number)
    {
        var sign = number.Groups["sign"].Value == "-" ? "-" : "";
        var whole = number.Groups["whole"].Value.TrimStart('0');
        var fraction = number.Groups["fraction"].Value;
        return $"{sign}{(whole.Length == 0 ? "0" : whole)}{(fraction.Length == 0 ? "" : $".{fraction}")}" +
            number.Groups["exponent"].Value;
    }

    [GeneratedRegex(@"^[-+]?\.(inf|Inf|INF)\z|^\.(nan|NaN|NAN)\z")]
    private static partial Regex NotFinite();

    [GeneratedRegex(
        @"^(?<sign>[-+]?)(?=\.?[0-9])(?<whole>[0-9]*)(\.(?<fraction>[0-9]*))?(?<exponent>[eE][-+]?[0-9]+)?\z")]
    private static partial Regex Decimal();

    [GeneratedRegex(@"^0o[0-7]{1,20}\z")]
    private static partial Regex Octal();
}
