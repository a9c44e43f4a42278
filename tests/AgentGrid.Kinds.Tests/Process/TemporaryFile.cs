namespace AgentGrid.Kinds.Tests.Process;

/// <summary>A file that is not there yet, and is removed in the end.</summary>
internal sealed class TemporaryFile : IDisposable
{
    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"agentgrid-{Guid.NewGuid():N}");

    /// <summary>What is in it; null while it is not there.</summary>
    public string? Text => File.Exists(Path) ? File.ReadAllText(Path) : null;

    public void Dispose() => File.Delete(Path);
}
