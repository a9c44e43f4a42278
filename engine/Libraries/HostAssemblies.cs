using System.Collections.Concurrent;
using System.Reflection;

namespace AgentGrid.Engine.Libraries;

/// <summary>The assemblies that this program was started with: its own, those of its packages, and those of .NET.</summary>
internal static class HostAssemblies
{
    private static readonly string[] s_shared = ["AgentGrid.", "System.", "Microsoft.Extensions.", "Orleans."];

    private static readonly Dictionary<string, string> s_paths =
        ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .GroupBy(static path => Path.GetFileNameWithoutExtension(path), StringComparer.OrdinalIgnoreCase)
            .ToDictionary(static g => g.Key, static g => g.First(), StringComparer.OrdinalIgnoreCase);

    private static readonly ConcurrentDictionary<string, Version> s_versions = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Whether libraries use the program's own, because its types go to and fro between them: what is of Agent Grid, of .NET,
    /// of its extensions and of Orleans. Of all other packages a library has what it was built with.
    /// </summary>
    public static bool Share(string name) => s_paths.TryGetValue(name, out var path)
        && (s_shared.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            || !path.StartsWith(AppContext.BaseDirectory, StringComparison.Ordinal));

    /// <summary>The version that the program has; null when it has none.</summary>
    public static Version? VersionOf(string name) => s_paths.TryGetValue(name, out var path)
        ? s_versions.GetOrAdd(name, static (_, file) => AssemblyName.GetAssemblyName(file).Version ?? new Version(), path)
        : null;
}
