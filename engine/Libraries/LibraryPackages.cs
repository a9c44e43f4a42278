using System.Text.Json;

namespace AgentGrid.Engine.Libraries;

/// <summary>Which package an assembly comes from, as the <c>.deps.json</c> beside a library has it.</summary>
internal static class LibraryPackages
{
    /// <summary>The name and version of the package by the name of the assembly; empty without such a file.</summary>
    public static IReadOnlyDictionary<string, string> Read(string library)
    {
        var packages = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var file = Path.ChangeExtension(library, ".deps.json");
        if (!File.Exists(file))
        {
            return packages;
        }
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        foreach (var package in Members(document.RootElement, "targets").SelectMany(static t => t.Value.EnumerateObject()))
        {
            foreach (var asset in Members(package.Value, "runtime").Concat(Members(package.Value, "runtimeTargets")))
            {
                packages.TryAdd(Path.GetFileNameWithoutExtension(asset.Name), package.Name.Replace('/', ' '));
            }
        }
        return packages;
    }

    private static IEnumerable<JsonProperty> Members(JsonElement element, string name) =>
        element.TryGetProperty(name, out var found) ? found.EnumerateObject() : [];
}
