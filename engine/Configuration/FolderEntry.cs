namespace AgentGrid.Engine.Configuration;

/// <summary>A YAML file of a configuration folder; or such a folder, where its files cannot be listed.</summary>
/// <param name="Name">Relative to the folder, with '/'.</param>
/// <param name="Trouble">Why its files cannot be listed.</param>
/// <param name="IsGone">It is not there.</param>
internal readonly record struct FolderEntry(string Name, string Path, string? Trouble = null, bool IsGone = false)
{
    public const string Root = ".";
    public const string Agents = "agents.yaml";
    public const string Plans = "plans";

    private const string UnderPlans = $"{Plans}/";

    /// <summary>All of them, with those that are gone and must not be.</summary>
    public static IEnumerable<FolderEntry> List(string folder)
    {
        var top = In(folder, Root, "");
        var listed = top is not [{ Name: Root }];
        if (listed && !top.Exists(e => e.Name == Agents))
        {
            top.Add(new FolderEntry(Agents, System.IO.Path.Combine(folder, Agents), IsGone: true));
        }
        return listed ? top.Concat(In(System.IO.Path.Combine(folder, Plans), Plans, UnderPlans)) : top;
    }

    /// <summary>True for this file, and for the files of this folder.</summary>
    public bool Holds(string file) =>
        Name == file || Name == Root || (Name == Plans && file.StartsWith(UnderPlans, StringComparison.Ordinal));

    private static List<FolderEntry> In(string folder, string name, string prefix)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                return
                [
                    .. Directory.EnumerateFileSystemEntries(folder).Where(IsYaml).Order(StringComparer.Ordinal)
                        .Select(path => new FolderEntry(prefix + System.IO.Path.GetFileName(path), path)),
                ];
            }
            // A link that leads nowhere counts as a file.
            return [File.Exists(folder) ? new(name, folder, "it is not a folder") : new(name, folder, IsGone: true)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [new FolderEntry(name, folder, e.Message)];
        }
    }

    // Editors and file systems keep their own beside a file, hidden, some as links that lead nowhere.
    private static bool IsYaml(string path) =>
        System.IO.Path.GetExtension(path).ToLowerInvariant() is ".yaml" or ".yml"
        && !System.IO.Path.GetFileName(path).StartsWith('.');
}
