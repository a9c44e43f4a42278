namespace AgentGrid.Core.Tests.Arrows;

/// <summary>
/// Which namespace of a room uses which, by its source files. A file uses a namespace that it names, in a
/// <c>using</c> or before a type; and the one around its own when a type of that is among its words.
/// </summary>
internal sealed class NamespaceArrows
{
    // From a namespace to those that it uses, with the files that do.
    private readonly SortedDictionary<string, SortedDictionary<string, List<string>>> _arrows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _types = new(StringComparer.Ordinal);

    public NamespaceArrows(IReadOnlyCollection<SourceFile> files)
    {
        foreach (var file in files.Where(f => f.Namespace is not null))
        {
            _arrows.TryAdd(file.Namespace!, new(StringComparer.Ordinal));
            _types.TryAdd(file.Namespace!, new(StringComparer.Ordinal));
            _types[file.Namespace!].UnionWith(file.Types);
        }
        foreach (var file in files.Where(f => f.Namespace is not null))
        {
            foreach (var used in Used(file).Distinct())
            {
                var arrows = _arrows[file.Namespace!];
                arrows.TryAdd(used, []);
                arrows[used].Add(file.Path);
            }
        }
    }

    /// <summary>The namespaces that a namespace uses, by name.</summary>
    public IEnumerable<string> UsedBy(string name) => _arrows[name].Keys;

    /// <summary>
    /// The shortest cycle, <c>A uses B (Some.cs); B uses A (Other.cs)</c>; null when there is none.
    /// </summary>
    public string? Cycle() => _arrows.Keys
        .Select(ShortestWayBack)
        .Where(way => way is not null)
        .MinBy(way => way!.Count) is { } shortest
            ? string.Join("; ", shortest.Zip(shortest.Skip(1).Append(shortest[0]), Sentence))
            : null;

    private string Sentence(string from, string to) => $"{from} uses {to} ({string.Join(", ", _arrows[from][to])})";

    private List<string>? ShortestWayBack(string start)
    {
        var ways = new Queue<List<string>>([[start]]);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (ways.TryDequeue(out var way))
        {
            foreach (var next in _arrows[way[^1]].Keys)
            {
                if (next == start)
                {
                    return way;
                }
                if (seen.Add(next))
                {
                    ways.Enqueue([.. way, next]);
                }
            }
        }
        return null;
    }

    private IEnumerable<string> Used(SourceFile file)
    {
        var around = Upwards(file.Namespace!).ToArray();
        // As the compiler looks names up: from the innermost namespace to the outermost, and then as they stand.
        var named = file.Names.Select(name => around.Select(a => NamespaceOfType($"{a}.{name}"))
            .Append(NamespaceOfType(name)).FirstOrDefault(n => n is not null));
        var imported = file.Usings.Select(name => Upwards(name).FirstOrDefault(_types.ContainsKey));
        return named.Concat(imported).OfType<string>().Where(n => n != file.Namespace);
    }

    // The namespace in a name that goes on with one of its types; null for all other names.
    private string? NamespaceOfType(string name) => Upwards(name).FirstOrDefault(_types.ContainsKey) is { } found
        && name.Length > found.Length && _types[found].Contains(name[(found.Length + 1)..].Split('.')[0]) ? found : null;

    /// <summary><c>A.B.C</c>, <c>A.B</c>, <c>A</c>.</summary>
    private static IEnumerable<string> Upwards(string name)
    {
        for (var end = name.Length; end > 0; end = name.LastIndexOf('.', end - 1))
        {
            yield return name[..end];
        }
    }
}
