using System.Globalization;
using System.Text;

namespace AgentGrid.Core.Plans;

/// <summary>Walks over the text of a path or a condition, and keeps the first problem with its position.</summary>
internal sealed class TextScanner(string text)
{
    public string Text { get; } = text;
    public int Position { get; private set; }

    /// <summary>Null while nothing was wrong.</summary>
    public string? Problem { get; private set; }

    public bool AtEnd => Position >= Text.Length;

    /// <summary>The next character; NUL at the end.</summary>
    public char Next => Peek(0);

    public static bool IsNameStart(char c) => char.IsLetterOrDigit(c) || c == '_';

    public static bool IsNamePart(char c) => IsNameStart(c) || c == '-';

    public char Peek(int offset) => Position + offset < Text.Length ? Text[Position + offset] : '\0';

    public void Skip(int count = 1) => Position += count;

    public void SkipWhiteSpace()
    {
        while (!AtEnd && char.IsWhiteSpace(Next))
        {
            Position++;
        }
    }

    public bool TakeIf(char c)
    {
        if (AtEnd || Next != c)
        {
            return false;
        }
        Position++;
        return true;
    }

    /// <summary>The longest run of such characters from here; empty when there is none.</summary>
    public string TakeWhile(Func<char, bool> belongs)
    {
        var start = Position;
        while (!AtEnd && belongs(Next))
        {
            Position++;
        }
        return Text[start..Position];
    }

    /// <summary>
    /// A text between <c>'</c> or <c>"</c>, in which a backslash keeps the next character as it is; null, with a
    /// problem, when it is not closed.
    /// </summary>
    public string? TakeQuoted()
    {
        var start = Position;
        var quote = Next;
        Position++;
        var value = new StringBuilder();
        while (!AtEnd)
        {
            var c = Text[Position++];
            if (c == quote)
            {
                return UnicodeOrNull(value.ToString(), start);
            }
            if (c == '\\' && !AtEnd)
            {
                c = Text[Position++];
            }
            value.Append(c);
        }
        Position = start;
        Fail($"the text after this {quote} is not closed");
        return null;
    }

    /// <summary>Notes what is wrong here; only the first time.</summary>
    public void Fail(string what) => Problem ??= string.Create(
        CultureInfo.InvariantCulture,
        $"'{Names.Shorten(Text)}', at character {Math.Min(Position, Text.Length) + 1}: {what}.");

    /// <summary>What comes next, for a message.</summary>
    public string Describe() => AtEnd ? "the end" : $"'{Names.Shorten(Text[Position..], 12)}'";

    private string? UnicodeOrNull(string value, int start)
    {
        if (UnicodeText.IsValid(value))
        {
            return value;
        }
        Position = start;
        Fail(UnicodeText.Problem.TrimEnd('.'));
        return null;
    }
}
