using System.Collections.Immutable;
using System.Text.Json;

namespace AgentGrid.Core.Documents;

/// <summary>Reads JSON into <see cref="ConfigNode"/>s, which have a path but no line.</summary>
internal sealed class JsonSource(ProblemList problems)
{
    /// <param name="path">What paths begin with.</param>
    public static ConfigNode Read(JsonElement root, string path, ProblemList problems) =>
        new JsonSource(problems).ReadNode(root, ConfigPlace.Root(null, path, 0, 0), 0);

    private ConfigNode ReadNode(JsonElement element, ConfigPlace place, int depth)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object or JsonValueKind.Array when depth >= YamlSource.MaxDepth:
                problems.Add(place, ConfigCodes.TooLarge, $"nested more than {YamlSource.MaxDepth} levels deep.");
                return new ConfigNode.Scalar(place, ScalarKind.Null, "null");
            case JsonValueKind.Object:
                return ReadObject(element, place, depth);
            case JsonValueKind.Array:
                var items = ImmutableArray.CreateBuilder<ConfigNode>(element.GetArrayLength());
                foreach (var item in element.EnumerateArray())
                {
                    items.Add(ReadNode(item, place.Item(items.Count), depth + 1));
                }
                return new ConfigNode.Sequence(place, items.MoveToImmutable());
            case JsonValueKind.String:
                return new ConfigNode.Scalar(place, ScalarKind.Text, ReadText(element.GetString, place));
            case JsonValueKind.Number:
                return new ConfigNode.Scalar(place, ScalarKind.Number, element.GetRawText());
            case JsonValueKind.True or JsonValueKind.False:
                return new ConfigNode.Scalar(place, ScalarKind.Flag, element.GetRawText());
            default:
                return new ConfigNode.Scalar(place, ScalarKind.Null, "null");
        }
    }

    private ConfigNode.Mapping ReadObject(JsonElement element, ConfigPlace place, int depth)
    {
        var entries = ImmutableArray.CreateBuilder<ConfigNode.Entry>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            var key = ReadText(() => property.Name, place);
            var child = place.Key(key);
            if (!seen.Add(key))
            {
                problems.Add(
                    child, ConfigCodes.DuplicateKey,
                    $"duplicate key '{Names.Shorten(key)}': a key may be given once.");
                continue;
            }
            entries.Add(new ConfigNode.Entry(key, child, ReadNode(property.Value, child, depth + 1)));
        }
        return new ConfigNode.Mapping(place, entries.ToImmutable());
    }

    private string ReadText(Func<string?> read, ConfigPlace place)
    {
        // Beyond the limit nothing is reported any more, and exceptions are too slow to be thrown by the thousand.
        if (problems.IsFull)
        {
            return "";
        }
        try
        {
            return read() ?? "";
        }
        catch (InvalidOperationException)
        {
            problems.Add(place, ConfigCodes.BadText, UnicodeText.Problem);
            return "";
        }
    }
}
