using AgentGrid.Core.Grid;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine;
using AgentGrid.Engine.Artifacts;

namespace AgentGrid.Embedded;

/// <summary>A platform with a disk: where the journal is kept, and how it is written.</summary>
internal class EmbeddedPlatform : Platform
{
    public static new readonly EmbeddedPlatform Process = new();

    /// <summary>The SQLite file system that the journal is kept in; null for the one of the operating system.</summary>
    public virtual string? FileSystem => null;

    public virtual IArtifactStore OpenArtifacts(string folder, ArtifactOptions options) => new ArtifactFolder(folder, options);

    public virtual LifeSign OpenLifeSign(JournalFile file) => new(file.Path);

    public virtual JournalSession OpenSession(JournalFile file) => new(file);
}
