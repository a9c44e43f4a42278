using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace AgentGrid.ClientApi.Tests.Fuzz;

/// <summary>Ways to make something nearly right of something right.</summary>
internal sealed class Mutations(Random random)
{
    private static readonly string[] s_texts =
    [
        "", " ", "a", "é", "💥", "\0", "\ud800", "\u0085", "\u202e", "\"", "\\", "'", "/", "../..", "null", "true", "0",
        "-1", "1e999", "NaN", "all", "any", "one", "race", "each", "echo", "no_such_agent", "input", "input.x",
        "input.x[0].y", "a.b.c", "[", "input[", "not", "input.x > 1 and", "((((((((((", "0s", "-1s", "5m", "99999999h",
        "1.5ms", "%s%n", "{{7*7}}", "' OR 1=1 --", "\r\nX: y", "steps", "match_id", "__proto__", "$", "*", ":done",
        "00000000000000000000000000000000", "2026-01-01T00:00:00Z", "9223372036854775808",
    ];

    private static readonly string[] s_numbers =
    [
        "0", "-0", "1", "-1", "1.5", "1e3", "1e308", "1e999", "-1e-999", "100", "101", "-101", "2147483648",
        "9223372036854775807", "18446744073709551616", "0.1e1", "123456789012345678901234567890",
        "9007199254740991", "9007199254740993", "-9223372036854775808", "9223372036854775808", "4294967296",
        "2147483647", "-2147483648", "-2147483649", "1e19", "5e-324", "0.000000000000000000000000000001",
    ];

    // What somebody may take for a number who is not JSON.
    private static readonly string[] s_nearNumbers =
    [
        "+1", " 1", "1 ", "01", "1.0", "1,000", "1_000", "0x10", "\u0663", "\uff11", "1e3", "Infinity", "-Infinity", "NaN",
        "--1", "1-", "1;2", "", "null",
    ];

    private static readonly string[] s_pieces =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "\\x", "/*", "//", "null", "tru", "-", "+1", "01",
        "1.", ".5", "NaN", "\t", "\n", "\u2028", "\ufeff", "{\"a\":", "[[[[[[[[", "}}}}", "\"match_id\":\"x\",", "\0",
    ];

    public bool Chance(int of = 2) => random.Next(of) == 0;

    public T Pick<T>(params IReadOnlyList<T> values) => values[random.Next(values.Count)];

    public string Text() => random.Next(12) switch
    {
        0 => new string(Pick("a", "é", "[", "{", "💥")[0], random.Next(1, 400)),
        1 => new string('9', random.Next(1, 60)),
        2 => string.Concat(Enumerable.Range(0, random.Next(1, 20)).Select(_ => (char)random.Next(1, 0xFFFF))),
        _ => Pick(s_texts),
    };

    /// <summary>A number, extreme or not quite one.</summary>
    public string Number() => Chance(4) ? Pick(s_nearNumbers) : Chance(4) ? $"{random.Next(200)}" : Pick(s_numbers);

    /// <summary>Valid JSON with something else in one or more of its places.</summary>
    public string Restructure(JsonNode root)
    {
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var places = Places(root).ToList();
            if (places.Count == 0)
            {
                break;
            }
            Change(Pick(places));
        }
        return root.ToJsonString();
    }

    /// <summary>Bytes with some of them flipped, cut out, doubled, or put in.</summary>
    public byte[] Damage(byte[] bytes)
    {
        var list = bytes.ToList();
        for (var i = random.Next(1, 5); i > 0 && list.Count > 0; i--)
        {
            var at = random.Next(list.Count);
            var count = random.Next(1, Math.Min(40, list.Count - at) + 1);
            switch (random.Next(6))
            {
                case 0: list[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: list[at] = (byte)random.Next(256); break;
                case 2: list.RemoveRange(at, count); break;
                case 3: list.InsertRange(random.Next(list.Count), list.GetRange(at, count)); break;
                case 4: list.InsertRange(at, Encoding.UTF8.GetBytes(Pick(s_pieces))); break;
                default: list.RemoveRange(at, list.Count - at); break;
            }
        }
        return [.. list];
    }

    /// <summary>A query string of names that mean something, with values that may not.</summary>
    public string Query(params string[] names)
    {
        var query = new StringBuilder();
        for (var i = random.Next(0, 4); i > 0; i--)
        {
            query.Append(query.Length == 0 ? '?' : Pick('&', '&', '&', ';', '?'));
            query.Append(Chance(8) ? Escape(Text()) : Pick(names));
            query.Append(Chance(12) ? "" : "=").Append(Escape(Chance() ? Number() : Text()));
        }
        return query.ToString();
    }

    /// <summary>Text that a request line can have, with escapes that may be broken.</summary>
    public string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            escaped.Append(char.IsAsciiLetterOrDigit((char)b) || (b is > 32 and < 127 and not (byte)'#' && Chance(4))
                ? ((char)b).ToString()
                : string.Create(CultureInfo.InvariantCulture, $"%{b:X2}"));
        }
        return Chance(20) ? escaped.Append(Pick("%", "%0", "%zz", "%00", "%c0%af", "%ff%fe")).ToString() : escaped.ToString();
    }

    private static IEnumerable<JsonNode> Places(JsonNode node) => node switch
    {
        JsonObject o => o.Where(p => p.Value is not null).SelectMany(p => Places(p.Value!).Prepend(p.Value!)),
        JsonArray a => a.Where(i => i is not null).SelectMany(i => Places(i!).Prepend(i!)),
        _ => [],
    };

    private void Change(JsonNode node)
    {
        switch (random.Next(5))
        {
            case 0 when node.Parent is JsonObject parent: parent.Remove(node.GetPropertyName()); break;
            case 1 when node.Parent is JsonObject parent: parent[Valid(Text())] = node.DeepClone(); break;
            case 2 when node is JsonArray array: array.Add(Value(2)); break;
            case 3 when node is JsonObject o: o[Valid(Text())] = Value(2); break;
            default: node.ReplaceWith(Value(3)); break;
        }
    }

    private JsonNode? Value(int depth) => random.Next(depth > 0 ? 8 : 4) switch
    {
        0 => JsonValue.Create(Valid(Text())),
        1 => JsonNode.Parse(Pick(s_numbers)),
        2 => JsonValue.Create(Chance()),
        3 => Chance() ? null : new JsonObject(),
        4 => new JsonArray([.. Enumerable.Range(0, random.Next(6)).Select(_ => Value(depth - 1))]),
        5 => Deep(random.Next(40, 90)),
        6 => new JsonObject { [Valid(Text())] = Value(depth - 1) },
        _ => JsonValue.Create(Valid(Text())),
    };

    private static JsonNode Deep(int levels)
    {
        JsonNode node = new JsonArray();
        for (var i = 0; i < levels; i++)
        {
            node = i % 2 == 0 ? new JsonArray(node) : new JsonObject { ["a"] = node };
        }
        return node;
    }

    // What is not text at all comes from damaged bytes; the writer would only replace it here.
    private static string Valid(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
