using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AgentGrid.Core.Plans;

/// <summary>
/// Where a value is: a root (a step's id, or <c>input</c> for what was posted), then names and indices:
/// <c>perception.players[0].id</c>, <c>input.grid_snapshot.players</c>. A name with other characters than letters,
/// digits, '_' and '-' is quoted: <c>input["odd name"]</c>, <c>["step.2"].score</c>.
/// </summary>
public sealed record ValuePath
{
    /// <summary>The root that stands for the run's input.</summary>
    public const string InputRoot = "input";

    /// <summary>The roots that stand for the item and its index, in what a step of mode each is given.</summary>
    public static readonly ImmutableArray<string> ItemRoots = ["item", "index"];

    private ValuePath(string text, string root, ImmutableArray<object> segments) =>
        (Text, Root, Segments) = (text, root, segments);

    /// <summary>The path in its one canonical form, so that equal paths have equal texts.</summary>
    public string Text { get; }
    public string Root { get; }

    /// <summary>A string for a name, an int for an index.</summary>
    private ImmutableArray<object> Segments { get; }

    /// <summary>Parses a path; null, with a problem that says where, when the text is not one.</summary>
    public static ValuePath? Parse(string text, out string? problem)
    {
        var scanner = new TextScanner(text);
        scanner.SkipWhiteSpace();
        var path = Read(scanner);
        scanner.SkipWhiteSpace();
        if (path is not null && !scanner.AtEnd)
        {
            scanner.Fail($"expected '.', '[' or the end, came {scanner.Describe()}");
        }
        problem = scanner.Problem;
        return problem is null ? path : null;
    }

    /// <summary>The value, or null when something on the way does not exist.</summary>
    /// <param name="root">Gives the value of a root; null when it has none.</param>
    public JsonElement? Resolve(Func<string, JsonElement?> root)
    {
        if (root(Root) is not { } value || value.ValueKind == JsonValueKind.Undefined)
        {
            return null;
        }
        foreach (var segment in Segments)
        {
            var exists = segment is int index ? TryItem(ref value, index) : TryProperty(ref value, (string)segment);
            if (!exists)
            {
                return null;
            }
        }
        return value;
    }

    public bool Equals(ValuePath? other) => other?.Text == Text;

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;

    /// <summary>Takes a path from where the scanner stands; null, with its problem, when there is none.</summary>
    internal static ValuePath? Read(TextScanner scanner)
    {
        if (scanner.Next != '[' && !TextScanner.IsNameStart(scanner.Next))
        {
            scanner.Fail($"expected '{InputRoot}' or the id of a step, came {scanner.Describe()}");
            return null;
        }
        var segments = ImmutableArray.CreateBuilder<object>();
        if (scanner.Next != '[')
        {
            segments.Add(scanner.TakeWhile(TextScanner.IsNamePart));
        }
        while (scanner.Next is '.' or '[')
        {
            var segment = scanner.TakeIf('.') ? ReadName(scanner) : ReadBracket(scanner);
            if (segment is null)
            {
                return null;
            }
            segments.Add(segment);
        }
        if (segments[0] is not string root)
        {
            scanner.Fail("a path begins with a name, not with an index");
            return null;
        }
        return new ValuePath(Write(segments), root, segments.ToImmutable()[1..]);
    }

    private static string? ReadName(TextScanner scanner)
    {
        if (TextScanner.IsNamePart(scanner.Next))
        {
            return scanner.TakeWhile(TextScanner.IsNamePart);
        }
        scanner.Fail($"expected a name after '.', came {scanner.Describe()}; quote odd names: [\"...\"]");
        return null;
    }

    private static object? ReadBracket(TextScanner scanner)
    {
        scanner.Skip();
        scanner.SkipWhiteSpace();
        object? segment = null;
        if (scanner.Next is '"' or '\'')
        {
            segment = scanner.TakeQuoted();
        }
        else
        {
            var digits = scanner.TakeWhile(char.IsAsciiDigit);
            if (int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            {
                segment = index;
            }
            else
            {
                scanner.Fail($"expected an index from 0 or a quoted name after '[', came {scanner.Describe()}");
            }
        }
        scanner.SkipWhiteSpace();
        if (segment is not null && !scanner.TakeIf(']'))
        {
            scanner.Fail($"expected ']', came {scanner.Describe()}");
            return null;
        }
        return segment;
    }

    private static string Write(IReadOnlyList<object> segments)
    {
        var text = new StringBuilder();
        foreach (var segment in segments)
        {
            if (segment is int index)
            {
                text.Append(CultureInfo.InvariantCulture, $"[{index}]");
            }
            else if (segment is string { Length: > 0 } name && name.All(TextScanner.IsNamePart)
                && (text.Length > 0 || CanBegin(name)))
            {
                text.Append(text.Length > 0 ? "." : "").Append(name);
            }
            else
            {
                var quoted = ((string)segment).Replace("\\", "\\\\").Replace("\"", "\\\"");
                text.Append(CultureInfo.InvariantCulture, $"[\"{quoted}\"]");
            }
        }
        return text.ToString();
    }

    // A root that a condition would read as a number or a word of its own stays quoted.
    private static bool CanBegin(string root) => TextScanner.IsNameStart(root[0]) && !ConditionParser.IsReserved(root);

    private static bool TryItem(ref JsonElement value, int index)
    {
        if (value.ValueKind != JsonValueKind.Array || index >= value.GetArrayLength())
        {
            return false;
        }
        value = value[index];
        return true;
    }

    private static bool TryProperty(ref JsonElement value, string name)
    {
        try
        {
            return value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out value);
        }
        catch (InvalidOperationException)
        {
            // A key next to it is not Unicode, and JsonElement gives up on such objects.
            return false;
        }
    }
}
