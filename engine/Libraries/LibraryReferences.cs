using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace AgentGrid.Engine.Libraries;

/// <summary>
/// Whether all that a library was built against is there, before anything of it is loaded: .NET itself looks only when a
/// method is called that needs it.
/// </summary>
internal sealed class LibraryReferences
{
    private readonly string _library;
    private readonly Func<AssemblyName, string?> _find;
    private readonly IReadOnlyDictionary<string, string> _packages;

    private LibraryReferences(
        string library, Func<AssemblyName, string?> find, IReadOnlyDictionary<string, string> packages) =>
        (_library, _find, _packages) = (library, find, packages);

    /// <summary>A sentence for each assembly that is missing or too old, with the remedy.</summary>
    /// <param name="library">The full path of the library.</param>
    /// <param name="find">The file that a reference means; null for none of the library's own.</param>
    /// <exception cref="BadImageFormatException">A file is not a .NET assembly.</exception>
    public static IReadOnlyList<string> Problems(string library, Func<AssemblyName, string?> find) =>
        new LibraryReferences(library, find, LibraryPackages.Read(library)).Walk();

    private List<string> Walk()
    {
        var problems = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { _library };
        var files = new Queue<string>(seen);
        while (files.TryDequeue(out var file))
        {
            foreach (var reference in ReferencesOf(file))
            {
                if (_find(reference) is not { } found)
                {
                    if (Problem(file, reference) is { } problem)
                    {
                        problems.TryAdd(reference.Name!, problem);
                    }
                }
                else if (seen.Add(found))
                {
                    files.Enqueue(found);
                }
            }
        }
        return [.. problems.Values];
    }

    private string? Problem(string file, AssemblyName reference)
    {
        var name = reference.Name!;
        var wanted = reference.Version ?? new Version();
        if (HostAssemblies.VersionOf(name) is { } present)
        {
            return present >= wanted ? null : TooOld(file, name, wanted, present);
        }
        // Packages refer to what they can do without. A package that the build has listed is needed.
        var package = _packages.GetValueOrDefault(name);
        return file != _library && package is null ? null : Missing(file, name, package);
    }

    private string TooOld(string file, string name, Version wanted, Version present)
    {
        var who = $"{Who(file)} refers to {name} {wanted}, and this program has {present}";
        return name.StartsWith("AgentGrid.", StringComparison.Ordinal)
            ? $"{who}. Build it with the sources of this program, or start the program that it was built for."
            : name is "System.Runtime" or "netstandard"
            ? $"{who}. Build it for net{Environment.Version.Major}.0, or start a program that runs on .NET {wanted.Major}."
            : HostAssemblies.Share(name)
            ? $"{who}, which it shares with its libraries. Refer to the package in version {present.ToString(2)}."
            : $"{who}. {Remedy(name)}";
    }

    private string Missing(string file, string name, string? package) =>
        $"{Who(file)} refers to {name}{(package is null ? "" : $" (package {package})")}, and {name}.dll is not beside the library. " +
        Remedy(name);

    private static string Remedy(string name) =>
        $"Set <EnableDynamicLoading>true</EnableDynamicLoading> in its project file and build it again, or put {name}.dll there.";

    private string Who(string file) => file == _library ? "It" : Path.GetFileName(file);

    private static List<AssemblyName> ReferencesOf(string file)
    {
        using var image = new PEReader(File.OpenRead(file));
        if (!image.HasMetadata)
        {
            throw new BadImageFormatException($"{file} is not a .NET assembly.");
        }
        var metadata = image.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(r => metadata.GetAssemblyReference(r).GetAssemblyName())];
    }
}
