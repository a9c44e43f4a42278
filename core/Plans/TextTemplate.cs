using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace AgentGrid.Core.Plans;

/// <summary>
/// A text with values in it: <c>Sum up {{ answer.text }} for {{ input.player }}</c>. Texts stand there as they are, other
/// values as JSON, and nothing where a path leads nowhere. <c>{{{{</c> stands for <c>{{</c>.
/// </summary>
public sealed record TextTemplate
{
    private const string Begin = "{{";
    private const string End = "}}";

    private readonly ImmutableArray<object> _parts; // a string, or a ValuePath

    private TextTemplate(ImmutableArray<object> parts)
    {
        _parts = parts;
        Text = string.Concat(parts.Select(static p => p is ValuePath path
            ? $"{Begin} {path.Text} {End}"
            : ((string)p).Replace(Begin, Begin + Begin, StringComparison.Ordinal)));
    }

    /// <summary>The template in its one canonical form.</summary>
    public string Text { get; }

    /// <summary>What it takes values from.</summary>
    public IEnumerable<ValuePath> Paths => _parts.OfType<ValuePath>();

    /// <summary>Parses a template; null, with a problem that says where, when the text is none.</summary>
    public static TextTemplate? Parse(string text, out string? problem)
    {
        var parts = ImmutableArray.CreateBuilder<object>();
        var scanner = new TextScanner(text);
        var literal = new StringBuilder();
        while (!scanner.AtEnd && scanner.Problem is null)
        {
            if (!IsAt(scanner, Begin))
            {
                literal.Append(scanner.Next);
                scanner.Skip();
                continue;
            }
            scanner.Skip(Begin.Length);
            if (IsAt(scanner, Begin))
            {
                literal.Append(Begin);
                scanner.Skip(Begin.Length);
                continue;
            }
            if (ReadPath(scanner) is { } path)
            {
                parts.Add(literal.ToString());
                parts.Add(path);
                literal.Clear();
            }
        }
        parts.Add(literal.ToString());
        problem = scanner.Problem;
        return problem is null ? new TextTemplate(parts.ToImmutable()) : null;
    }

    /// <summary>The text with its values.</summary>
    /// <param name="root">Gives the value of a root; null when it has none.</param>
    public string Fill(Func<string, Json?> root)
    {
        var text = new StringBuilder();
        foreach (var part in _parts)
        {
            text.Append(part is ValuePath path ? TextOf(path.Find(root)?.Element) : (string)part);
        }
        return text.ToString();
    }

    /// <inheritdoc/>
    public bool Equals(TextTemplate? other) => other?.Text == Text;

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    private static ValuePath? ReadPath(TextScanner scanner)
    {
        scanner.SkipWhiteSpace();
        var path = ValuePath.Read(scanner);
        scanner.SkipWhiteSpace();
        if (path is not null && !IsAt(scanner, End))
        {
            scanner.Fail($"expected '.', '[' or '{End}', got {scanner.Describe()}; '{Begin}' itself is written '{Begin}{Begin}'");
        }
        scanner.Skip(End.Length);
        return path;
    }

    private static bool IsAt(TextScanner scanner, string mark) =>
        scanner.Next == mark[0] && scanner.Peek(1) == mark[1];

    private static string? TextOf(JsonElement? value) => value switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => other.GetRawText(),
    };
}
