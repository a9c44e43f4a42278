using System.Text;
using System.Text.Json;
using AgentGrid.Core;

namespace AgentGrid.Api.Requests;

/// <summary>Says where in a document something is wrong. Slow, and used only when something is.</summary>
internal static class JsonPosition
{
    private const int MaxNameLength = 60;

    /// <summary>
    /// The path of the value at a byte, <c>grid_snapshot.players[0].role</c>, as far as the text can be read;
    /// <c>$</c> for the document itself.
    /// </summary>
    public static string PathAt(ReadOnlySpan<byte> utf8, long offset)
    {
        var open = new Stack<Level>();
        var json = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = StrictJson.MaxDepth + 8 });
        try
        {
            while (json.Read())
            {
                if (json.TokenType == JsonTokenType.PropertyName)
                {
                    open.Peek().Name = NameOf(ref json);
                }
                else if (json.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
                {
                    open.Pop();
                }
                else if (open.TryPeek(out var level))
                {
                    level.Index++;
                }
                if (json.BytesConsumed > offset)
                {
                    break;
                }
                if (json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                {
                    open.Push(new Level(json.TokenType == JsonTokenType.StartArray));
                }
            }
        }
        catch (JsonException)
        {
            // The text ends being JSON here; what was open until now is where it does.
        }
        return Write(open.Reverse());
    }

    private static string NameOf(ref Utf8JsonReader json)
    {
        // Not GetString, which refuses the very texts that this is to name.
        var text = json.ValueSpan;
        return Names.Shorten(Encoding.UTF8.GetString(text[..Math.Min(text.Length, MaxNameLength * 4)]), MaxNameLength);
    }

    private static string Write(IEnumerable<Level> levels)
    {
        var path = new StringBuilder();
        foreach (var level in levels)
        {
            if (level.IsArray)
            {
                path.Append('[').Append(Math.Max(level.Index, 0)).Append(']');
            }
            else if (level.Name is { } name)
            {
                var plain = name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
                path.Append(path.Length > 0 && plain ? "." : "").Append(plain ? name : $"[\"{name}\"]");
            }
        }
        return path.Length == 0 ? "$" : path.ToString();
    }

    private sealed class Level(bool isArray)
    {
        public bool IsArray { get; } = isArray;
        public string? Name { get; set; }
        public int Index { get; set; } = -1;
    }
}
