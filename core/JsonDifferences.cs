using System.Collections.Immutable;
using System.Text.Json;

namespace AgentGrid.Core;

/// <summary>Says where two JSON values differ.</summary>
public static class JsonDifferences
{
    /// <summary>The paths of the first differences, <c>grid_snapshot.players[0].role</c>; empty when they are equal.</summary>
    /// <param name="most">At most this many.</param>
    public static ImmutableArray<string> Find(Json left, Json right, int most = 5)
    {
        if (left.Equals(right))
        {
            return [];
        }
        var found = ImmutableArray.CreateBuilder<string>();
        Compare(left.Element, right.Element, "", found, most);
        return found.ToImmutable();
    }

    private static void Compare(
        JsonElement left, JsonElement right, string path, ImmutableArray<string>.Builder found, int most)
    {
        if (found.Count >= most || JsonElement.DeepEquals(left, right))
        {
            return;
        }
        if (left.ValueKind == JsonValueKind.Object && right.ValueKind == JsonValueKind.Object)
        {
            CompareObjects(left, right, path, found, most);
        }
        else if (left.ValueKind == JsonValueKind.Array && right.ValueKind == JsonValueKind.Array
            && left.GetArrayLength() == right.GetArrayLength())
        {
            var rights = right.EnumerateArray();
            var index = 0;
            foreach (var item in left.EnumerateArray())
            {
                rights.MoveNext();
                Compare(item, rights.Current, $"{path}[{index++}]", found, most);
            }
        }
        else
        {
            found.Add(path.Length == 0 ? "the whole value" : path);
        }
    }

    private static void CompareObjects(
        JsonElement left, JsonElement right, string path, ImmutableArray<string>.Builder found, int most)
    {
        string At(string name) => path.Length == 0 ? name : $"{path}.{name}";

        foreach (var member in left.EnumerateObject())
        {
            if (right.TryGetProperty(member.Name, out var other))
            {
                Compare(member.Value, other, At(member.Name), found, most);
            }
            else if (found.Count < most)
            {
                found.Add(At(member.Name));
            }
        }
        foreach (var member in right.EnumerateObject())
        {
            if (found.Count < most && !left.TryGetProperty(member.Name, out _))
            {
                found.Add(At(member.Name));
            }
        }
    }
}
