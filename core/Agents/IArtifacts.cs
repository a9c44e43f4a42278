namespace AgentGrid.Core.Agents;

/// <summary>
/// What an attempt writes that is no JSON, or large, and what others of its run have written. A reference to it travels in outputs
/// and inputs; the bytes do not.
/// </summary>
/// <remarks>
/// What an attempt writes is kept with its run when its output has the reference. What failed, lost or cancelled attempts have
/// written is removed soon after the end of the run.
/// </remarks>
public interface IArtifacts
{
    /// <summary>
    /// Where an attempt may put files that are to be kept: see <see cref="KeepFileAsync"/>. It is not there before somebody makes it,
    /// and goes with the attempt.
    /// </summary>
    string Folder { get; }

    /// <summary>Keeps what a stream has, to its end.</summary>
    /// <param name="name">1 to 100 letters, digits, '_', '-' and '.'. A run can have several of the same name.</param>
    /// <param name="content">Read to its end, and left open.</param>
    /// <param name="mediaType">What it is: <c>application/x-npy</c>.</param>
    /// <returns>What stands for it in an output. The bytes are on disk by then.</returns>
    /// <exception cref="AgentException">
    /// A name or a type that is none (<c>bad_artifact</c>), more than is allowed (<c>artifact_too_large</c>), or it could not be kept
    /// (<c>artifact_not_kept</c>), as where the disk is full. Nothing is left of it then.
    /// </exception>
    ValueTask<ArtifactReference> WriteAsync(
        string name, Stream content, string mediaType, CancellationToken cancellationToken = default);

    /// <summary>As <see cref="WriteAsync"/>, of a file in <see cref="Folder"/>, which is moved.</summary>
    /// <param name="file">The name of the file: no path.</param>
    ValueTask<ArtifactReference> KeepFileAsync(
        string name, string file, string mediaType, CancellationToken cancellationToken = default);

    /// <summary>What a reference stands for, from its beginning. It can be read from any place.</summary>
    /// <exception cref="AgentException">
    /// This run has no such artifact (<c>artifact_not_found</c>), or not as many bytes as were written (<c>artifact_damaged</c>).
    /// </exception>
    ValueTask<Stream> OpenAsync(ArtifactReference reference, CancellationToken cancellationToken = default);

    /// <summary>A file with what a reference stands for, to be read and not to be changed; there as long as the attempt.</summary>
    /// <inheritdoc cref="OpenAsync" path="/exception"/>
    ValueTask<string> PathAsync(ArtifactReference reference, CancellationToken cancellationToken = default);
}

/// <summary>Artifacts where there is no place for them.</summary>
/// <param name="why">Said to whoever wants some.</param>
public sealed class NoArtifacts(string why) : IArtifacts
{
    internal static readonly NoArtifacts OutsideOfAGrid = new("There are no artifacts outside of a grid.");

    public string Folder => throw Refuse();

    public ValueTask<ArtifactReference> WriteAsync(
        string name, Stream content, string mediaType, CancellationToken cancellationToken = default) => throw Refuse();

    public ValueTask<ArtifactReference> KeepFileAsync(
        string name, string file, string mediaType, CancellationToken cancellationToken = default) => throw Refuse();

    public ValueTask<Stream> OpenAsync(ArtifactReference reference, CancellationToken cancellationToken = default) => throw Refuse();

    public ValueTask<string> PathAsync(ArtifactReference reference, CancellationToken cancellationToken = default) => throw Refuse();

    private AgentException Refuse() => new(ArtifactCodes.Unavailable, why, retryable: false);
}
