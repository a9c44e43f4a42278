using System.Text;
using System.Text.Json;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Tests;

/// <summary>What is found by brackets and quotes alone is what a parser finds.</summary>
public sealed class JsonTextTests
{
    private static readonly string[] s_names = ["a", "b", "", "a b", "\\\"", "\\\\", "\\u0061", "[", "}", "zw\u00f6lf"];
    private static readonly string[] s_scalars = ["0", "-1.5e3", "true", "null", "\"\"", "\"]\"", "\"{\\\"\"", "\"\\\\\"", "\"zw\u00f6lf\""];
    private static readonly string[] s_spaces = ["", "", "", " ", "\n\t", " \r\n "];

    [Fact]
    public void Find_InAnyText_FindsWhatTheTreeHas()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var text = Value(random, 5);
            var (known, parsed) = (Json.Parse(text), Json.Parse(text));
            _ = parsed.Element;
            for (var i = 0; i < 20; i++)
            {
                var path = ValuePath.Parse(Path(random), out var problem)!;
                Assert.Null(problem);
                var (found, expected) = (path.Find(_ => known), path.Find(_ => parsed));
                Assert.True(Equals(expected, found), $"seed {seed}: {path} in {text}: {found}, and not {expected}");
            }
            Assert.True(DepthOf(text) == JsonText.DepthOf(known.Utf8.Span), $"seed {seed}: {text}");
        }
    }

    private static string Path(Random random)
    {
        var path = new StringBuilder("out");
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var name = JsonSerializer.Deserialize<string>($"\"{s_names[random.Next(s_names.Length)]}\"")!;
            path.Append(random.Next(2) == 0 ? $"[{random.Next(4)}]" : $"[\"{name.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"]");
        }
        return path.ToString();
    }

    private static string Value(Random random, int depth)
    {
        var (items, kind) = (Enumerable.Range(0, random.Next(5)), random.Next(depth > 0 ? 5 : 1));
        string Space() => s_spaces[random.Next(s_spaces.Length)];
        string Name() => $"{Space()}\"{s_names[random.Next(s_names.Length)]}\"{Space()}:";
        return Space() + kind switch
        {
            0 => s_scalars[random.Next(s_scalars.Length)],
            1 or 2 => $"[{string.Join(',', items.Select(_ => Value(random, depth - 1)))}{Space()}]",
            _ => $"{{{string.Join(',', items.Select(_ => Name() + Value(random, depth - 1)))}{Space()}}}",
        } + Space();
    }

    private static int DepthOf(string text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text));
        var deepest = 0;
        while (reader.Read())
        {
            deepest = Math.Max(deepest, reader.CurrentDepth + (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject ? 1 : 0));
        }
        return deepest;
    }
}
