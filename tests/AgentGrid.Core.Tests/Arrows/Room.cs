using System.Collections.Immutable;
using System.Xml.Linq;

namespace AgentGrid.Core.Tests.Arrows;

/// <summary>A folder with a project of the product, and what its project file names.</summary>
/// <param name="Rooms">The rooms that it refers to.</param>
/// <param name="Packages">The packages that it refers to; analyzers, which nothing is built against, left out.</param>
/// <param name="Friends">The projects that see what is internal to it.</param>
internal sealed record Room(
    string Name, ImmutableArray<string> Rooms, ImmutableArray<string> Packages, ImmutableArray<string> Friends)
{
    // They use the product as its users do.
    private static readonly string[] s_others = ["tests", "samples", "templates"];

    /// <summary>Every room of the repository.</summary>
    public static ImmutableArray<Room> All() =>
    [
        .. Directory.EnumerateDirectories(Repository.Root)
            .SelectMany(static folder => Directory.EnumerateDirectories(folder).Prepend(folder))
            .Where(static folder => !s_others.Any(other => folder.StartsWith(Repository.PathOf(other), StringComparison.Ordinal)))
            .SelectMany(static folder => Directory.EnumerateFiles(folder, "*.csproj"))
            .Select(static file => Read(
                Path.GetRelativePath(Repository.Root, Path.GetDirectoryName(file)!).Replace('\\', '/'), XDocument.Load(file)))
            .OrderBy(static room => room.Name, StringComparer.Ordinal),
    ];

    public static Room Read(string name, XDocument project)
    {
        var included = project.Descendants().ToLookup(e => e.Name.LocalName, e => e);
        return new Room(
            name,
            [.. Names("ProjectReference").Select(path => FolderOf(name, path))],
            [.. included["PackageReference"].Where(e => (string?)e.Attribute("PrivateAssets") != "all").Select(Include)],
            [.. Names("InternalsVisibleTo")]);

        IEnumerable<string> Names(string element) => included[element].Select(Include);
    }

    // A reference is a path from the folder of the project that has it.
    private static string FolderOf(string room, string reference)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(Path.Combine("/", room, reference.Replace('\\', '/'))))!;
        return Path.GetRelativePath("/", folder).Replace('\\', '/');
    }

    private static string Include(XElement element) => (string)element.Attribute("Include")!;
}
