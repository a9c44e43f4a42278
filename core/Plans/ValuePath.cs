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
            scanner.Fail($"expected '.', '[' or the end, got {scanner.Describe()}");
        }
        problem = scanner.Problem;
        return problem is null ? path : null;
    }

    /// <summary>
    /// The value, or null when something on the way does not exist. Of members with the same name the first counts. A root whose form is
    /// known is gone through up to the value, and not parsed.
    /// </summary>
    /// <param name="root">Gives the value of a root; null when it has none.</param>
    public Json? Find(Func<string, Json?> root)
    {
        var value = root(Root);
        if (value is null || Segments.IsEmpty)
        {
            return value;
        }
        value = value.Here;
        return value.IsParsed || !value.IsSound ? FindInTree(value) : FindInText(value);
    }

    public bool Equals(ValuePath? other) => other?.Text == Text;

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;

    /// <summary>Takes a path from where the scanner stands; null, with its problem, when there is none.</summary>
    internal static ValuePath? Read(TextScanner scanner)
    {
        if (scanner.Next != '[' && !TextScanner.IsNameStart(scanner.Next))
        {
            scanner.Fail($"expected '{InputRoot}' or the id of a step, got {scanner.Describe()}");
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
        scanner.Fail($"expected a name after '.', got {scanner.Describe()}; quote odd names: [\"...\"]");
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
                scanner.Fail($"expected an index from 0 or a quoted name after '[', got {scanner.Describe()}");
            }
        }
        scanner.SkipWhiteSpace();
        if (segment is not null && !scanner.TakeIf(']'))
        {
            scanner.Fail($"expected ']', got {scanner.Describe()}");
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

    private Json? FindInTree(Json root)
    {
        var value = root.Element;
        foreach (var segment in Segments)
        {
            var exists = segment is int index ? TryItem(ref value, index) : TryProperty(ref value, (string)segment);
            if (!exists)
            {
                return null;
            }
        }
        return root.Part(value);
    }

    private Json? FindInText(Json root)
    {
        var text = root.Utf8;
        var at = JsonText.Start(text.Span);
        foreach (var segment in Segments)
        {
            at = segment is int index ? JsonText.Item(text.Span, at, index) : JsonText.Member(text.Span, at, (string)segment);
            if (at < 0)
            {
                return null;
            }
        }
        return Json.Sound(text[at..JsonText.EndOf(text.Span, at)]);
    }

    private static bool TryItem(ref JsonElement value, int index)
    {
        if (value.ValueKind != JsonValueKind.Array || index >= value.GetArrayLength())
        {
            return false;
        }
        value = value[index];
        return true;
    }

    // Of members with the same name the first counts.
    private static bool TryProperty(ref JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return false;
        }
        foreach (var member in value.EnumerateObject())
        {
            if (IsNamed(member, name))
            {
                value = member.Value;
                return true;
            }
        }
        return false;
    }

    private static bool IsNamed(JsonProperty member, string name)
    {
        try
        {
            return member.NameEquals(name);
        }
        catch (InvalidOperationException)
        {
            return false; // it is not Unicode
        }
    }
}
