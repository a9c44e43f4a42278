using System.Buffers;
using System.Text.Json;

namespace AgentGrid.Core;

/// <summary>
/// Finds its way in text that is known to have the form of JSON, by brackets and quotes alone: many bytes at once, where a reader
/// looks at every token.
/// </summary>
internal static class JsonText
{
    private static readonly SearchValues<byte> s_brackets = SearchValues.Create("[]{}\""u8);
    private static readonly SearchValues<byte> s_afterScalar = SearchValues.Create(",]} \t\r\n"u8);

    /// <summary>How deep the value is nested; 0 for one that is neither a list nor an object.</summary>
    public static int DepthOf(ReadOnlySpan<byte> text)
    {
        var (depth, deepest) = (0, 0);
        for (var at = 0; text[at..].IndexOfAny(s_brackets) is >= 0 and var next;)
        {
            at += next;
            switch (text[at])
            {
                case (byte)'"': at = EndOfString(text, at); continue;
                case (byte)'[' or (byte)'{': deepest = Math.Max(deepest, ++depth); break;
                default: depth--; break;
            }
            at++;
        }
        return deepest;
    }

    /// <summary>Where the value ends that begins at a place.</summary>
    public static int EndOf(ReadOnlySpan<byte> text, int start)
    {
        if (text[start] == '"')
        {
            return EndOfString(text, start);
        }
        if (text[start] is not ((byte)'[' or (byte)'{'))
        {
            return text[start..].IndexOfAny(s_afterScalar) is >= 0 and var length ? start + length : text.Length;
        }
        for (var (at, depth) = (start + 1, 1); ;)
        {
            at += text[at..].IndexOfAny(s_brackets);
            switch (text[at])
            {
                case (byte)'"': at = EndOfString(text, at); continue;
                case (byte)'[' or (byte)'{': depth++; break;
                default: depth--; break;
            }
            at++;
            if (depth == 0)
            {
                return at;
            }
        }
    }

    /// <summary>Where the value begins that a text has.</summary>
    public static int Start(ReadOnlySpan<byte> text) => SkipSpace(text, 0);

    /// <summary>Goes to an item of the list at a place.</summary>
    /// <returns>Where it begins; -1 when there is none, and when it is no list.</returns>
    public static int Item(ReadOnlySpan<byte> text, int start, int index)
    {
        if (text[start] != '[')
        {
            return -1;
        }
        for (var at = SkipSpace(text, start + 1); text[at] != ']';)
        {
            if (index-- == 0)
            {
                return at;
            }
            at = Next(text, EndOf(text, at));
        }
        return -1;
    }

    /// <summary>Goes to a member of the object at a place; of those with the same name to the first.</summary>
    /// <returns>Where its value begins; -1 when there is none, and when it is no object.</returns>
    public static int Member(ReadOnlySpan<byte> text, int start, string name)
    {
        if (text[start] != '{')
        {
            return -1;
        }
        for (var at = SkipSpace(text, start + 1); text[at] != '}';)
        {
            var end = EndOfString(text, at);
            var isIt = IsNamed(text[at..end], name);
            at = SkipSpace(text, end); // the colon
            at = SkipSpace(text, at + 1);
            if (isIt)
            {
                return at;
            }
            at = Next(text, EndOf(text, at));
        }
        return -1;
    }

    // To the next item or member, or to the end of the list or object.
    private static int Next(ReadOnlySpan<byte> text, int end)
    {
        var at = SkipSpace(text, end);
        return text[at] == ',' ? SkipSpace(text, at + 1) : at;
    }

    private static int SkipSpace(ReadOnlySpan<byte> text, int at)
    {
        while (text[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            at++;
        }
        return at;
    }

    private static int EndOfString(ReadOnlySpan<byte> text, int quote)
    {
        for (var at = quote + 1; ;)
        {
            at += text[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (text[at] == '"')
            {
                return at + 1;
            }
            at += 2;
        }
    }

    // Escapes and all.
    private static bool IsNamed(ReadOnlySpan<byte> quoted, string name)
    {
        var reader = new Utf8JsonReader(quoted);
        reader.Read();
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException)
        {
            return false; // it is not Unicode
        }
    }
}
