namespace AgentGrid.Embedded.Tests;

/// <summary>A folder that is removed with its test.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-embedded-");

    public string Path => _folder.FullName;

    public void Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
