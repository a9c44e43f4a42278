namespace AgentGrid.Core.Grid;

/// <summary>Settings of artifacts. Bound from the configuration section <c>AgentGrid:Artifacts</c>.</summary>
public sealed class ArtifactOptions
{
    /// <summary>
    /// Where they are kept; made when missing. Default null: <c>artifacts</c> beside the file of the runs. In a cluster: a folder that
    /// all its processes share, such as an NFS mount; without one they are in Redis, of at most 16 MiB each.
    /// </summary>
    public string? Folder { get; set; }

    /// <summary>
    /// Inputs and outputs of so many bytes and more lie here too, in place of the journal and of memory; agents, plans and clients
    /// see no difference. 0: none do. Default 256 KiB.
    /// </summary>
    public int ValuesFromBytes { get; set; } = 256 << 10;

    /// <summary>The largest artifact, in bytes; a larger one fails its attempt. Default 1 GiB.</summary>
    public long MaxBytes { get; set; } = 1L << 30;

    /// <summary>
    /// How many bytes all artifacts of a run may have together, those of failed attempts included; with more the attempt fails. Default
    /// 10 GiB.
    /// </summary>
    public long MaxRunBytes { get; set; } = 10L << 30;

    /// <summary>
    /// How many bytes are left free where they are kept: below that nothing is written, and the attempt fails. Default 256 MiB.
    /// </summary>
    public long MinFreeBytes { get; set; } = 256L << 20;
}
