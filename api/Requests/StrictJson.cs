using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using AgentGrid.Api.Problems;
using AgentGrid.Core;

namespace AgentGrid.Api.Requests;

/// <summary>What a token has that cannot be kept.</summary>
internal enum TokenFault
{
    None,
    Nul,
    LoneSurrogate,
    TooDeep,
}

/// <summary>
/// JSON as strict as everything behind the API needs it: valid UTF-8, no NUL, no half of a surrogate pair, nested
/// at most <see cref="MaxDepth"/> levels. The reader of .NET checks none of these by itself.
/// </summary>
internal static class StrictJson
{
    public const int MaxDepth = 64;

    public static Utf8JsonReader Open(ReadOnlySpan<byte> utf8) =>
        new(utf8, new JsonReaderOptions { MaxDepth = MaxDepth + 1 });

    /// <summary>Checks the token on which the reader stands.</summary>
    public static TokenFault Check(ref Utf8JsonReader json) => json.TokenType switch
    {
        JsonTokenType.String or JsonTokenType.PropertyName when json.ValueIsEscaped => CheckEscapes(json.ValueSpan),
        JsonTokenType.StartObject or JsonTokenType.StartArray when json.CurrentDepth >= MaxDepth => TokenFault.TooDeep,
        _ => TokenFault.None,
    };

    /// <summary>
    /// Reads through the value on whose first token the reader stands, checking every token of it.
    /// </summary>
    public static TokenFault Walk(ref Utf8JsonReader json)
    {
        var fault = Check(ref json);
        if (json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return fault;
        }
        var depth = json.CurrentDepth;
        while (fault == TokenFault.None && json.Read() && json.CurrentDepth > depth)
        {
            fault = Check(ref json);
        }
        return fault;
    }

    /// <summary>Checks a whole text that is to be one value of any shape; null when it is one.</summary>
    public static ApiProblem? Validate(ReadOnlySpan<byte> utf8)
    {
        if (CheckUtf8(utf8) is { } invalid)
        {
            return invalid;
        }
        try
        {
            var json = Open(utf8);
            json.Read();
            var fault = Walk(ref json);
            if (fault != TokenFault.None)
            {
                return Explain(fault, utf8, json.TokenStartIndex);
            }
            json.Read();
            return null;
        }
        catch (JsonException e)
        {
            return Malformed(utf8, e);
        }
    }

    public static ApiProblem? CheckUtf8(ReadOnlySpan<byte> utf8)
    {
        if (Utf8.IsValid(utf8))
        {
            return null;
        }
        var at = 0;
        while (Rune.DecodeFromUtf8(utf8[at..], out _, out var length) == System.Buffers.OperationStatus.Done)
        {
            at += length;
        }
        return new ApiProblem(400, ApiCode.InvalidText, $"The body is not valid UTF-8: byte {at + 1} is wrong.")
        {
            Field = JsonPosition.PathAt(utf8, at),
        };
    }

    public static ApiProblem Explain(TokenFault fault, ReadOnlySpan<byte> utf8, long offset)
    {
        var field = JsonPosition.PathAt(utf8, offset);
        return fault switch
        {
            TokenFault.TooDeep => new ApiProblem(400, ApiCode.TooDeep,
                $"'{Names.Shorten(field, 200)}' is nested deeper than {MaxDepth} levels.")
            { Field = field },
            TokenFault.Nul => new ApiProblem(400, ApiCode.InvalidText,
                $"'{Names.Shorten(field, 200)}' contains the character NUL (\\u0000), which cannot be kept.")
            {
                Field = field,
            },
            _ => new ApiProblem(400, ApiCode.InvalidText,
                $"'{Names.Shorten(field, 200)}' contains half of a surrogate pair (\\ud800 to \\udfff alone), " +
                "which is not text.")
            { Field = field },
        };
    }

    public static ApiProblem Malformed(ReadOnlySpan<byte> utf8, JsonException e)
    {
        // The exception's own text repeats the position, counted from 0.
        var reason = e.Message.Split(" LineNumber:")[0];
        return new ApiProblem(400, ApiCode.MalformedJson, string.Create(
            CultureInfo.InvariantCulture,
            $"The body is not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {reason}"))
        {
            Field = JsonPosition.PathAt(utf8, utf8.Length),
        };
    }

    private static TokenFault CheckEscapes(ReadOnlySpan<byte> text)
    {
        for (var i = text.IndexOf((byte)'\\'); i >= 0 && i < text.Length;)
        {
            if (text[i + 1] != 'u')
            {
                i = NextEscape(text, i + 2);
                continue;
            }
            var unit = ReadUnit(text, i);
            if (unit == 0)
            {
                return TokenFault.Nul;
            }
            i += 6;
            if (char.IsHighSurrogate((char)unit))
            {
                if (i + 6 > text.Length || text[i] != '\\' || text[i + 1] != 'u'
                    || !char.IsLowSurrogate((char)ReadUnit(text, i)))
                {
                    return TokenFault.LoneSurrogate;
                }
                i += 6;
            }
            else if (char.IsLowSurrogate((char)unit))
            {
                return TokenFault.LoneSurrogate;
            }
            i = NextEscape(text, i);
        }
        return TokenFault.None;
    }

    private static int NextEscape(ReadOnlySpan<byte> text, int from)
    {
        var next = text[from..].IndexOf((byte)'\\');
        return next < 0 ? text.Length : from + next;
    }

    // The reader has checked that four hexadecimal digits follow every \u.
    private static int ReadUnit(ReadOnlySpan<byte> text, int escape)
    {
        System.Buffers.Text.Utf8Parser.TryParse(text.Slice(escape + 2, 4), out ushort unit, out _, 'x');
        return unit;
    }
}
