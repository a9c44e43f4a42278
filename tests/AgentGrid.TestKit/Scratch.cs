namespace AgentGrid.TestKit;

/// <summary>A folder that is gone after the test.</summary>
public sealed class Scratch : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-scratch-");

    public string Folder => _folder.FullName;

    /// <summary>Writes a file, and returns its path.</summary>
    public string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // At once, so that a server which looks at the folder does not find half of it.
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
