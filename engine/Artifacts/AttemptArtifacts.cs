using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Engine.Artifacts;

/// <summary>The artifacts of a run, for one of its attempts.</summary>
internal sealed class AttemptArtifacts(IArtifactStore store, RunId run, string agent) : IArtifacts
{
    private readonly Lock _gate = new();
    private string? _folder;
    private bool _isOver;

    public string Folder
    {
        get
        {
            lock (_gate)
            {
                CheckOpen();
                return _folder ??= store.FreshFolder();
            }
        }
    }

    public async ValueTask<ArtifactReference> WriteAsync(
        string name, Stream content, string mediaType, CancellationToken cancellationToken = default)
    {
        Check(name, mediaType);
        return await KeepAsync(name, mediaType, () => store.WriteAsync(run, content, cancellationToken)).ConfigureAwait(false);
    }

    public async ValueTask<ArtifactReference> KeepFileAsync(
        string name, string file, string mediaType, CancellationToken cancellationToken = default)
    {
        Check(name, mediaType);
        if (file.Length == 0 || file is "." or ".." || file.AsSpan().IndexOfAny('/', '\\', '\0') >= 0)
        {
            throw Bad($"'{Names.Shorten(file)}' is not the name of a file: it is to lie in the folder of the attempt, without a path.");
        }
        var path = Path.Combine(Folder, file);
        return await KeepAsync(name, mediaType, () => store.TakeAsync(run, path, cancellationToken)).ConfigureAwait(false);
    }

    public async ValueTask<Stream> OpenAsync(ArtifactReference reference, CancellationToken cancellationToken = default)
    {
        await CheckThereAsync(reference, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(() => store.OpenAsync(run, reference.Sha256, cancellationToken)).ConfigureAwait(false) ?? throw NotFound(reference);
    }

    public async ValueTask<string> PathAsync(ArtifactReference reference, CancellationToken cancellationToken = default)
    {
        await CheckThereAsync(reference, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(() => store.PathAsync(run, reference.Sha256, () => Folder, cancellationToken)).ConfigureAwait(false)
            ?? throw NotFound(reference);
    }

    /// <summary>Whether all that an output refers to is there.</summary>
    /// <exception cref="AgentException">It is not.</exception>
    public async ValueTask CheckAsync(Json output, CancellationToken cancellationToken)
    {
        foreach (var reference in ArtifactReference.In(output))
        {
            await CheckThereAsync(reference, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The attempt is over: nothing is written for it any more.</summary>
    public void End()
    {
        string? folder;
        lock (_gate)
        {
            (_isOver, folder) = (true, _folder);
        }
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What is left is removed as unfinished, when nobody writes to it.
        }
    }

    private async ValueTask<ArtifactReference> KeepAsync(string name, string mediaType, Func<ValueTask<ArtifactContent>> keep)
    {
        lock (_gate)
        {
            CheckOpen();
        }
        try
        {
            var kept = await keep().ConfigureAwait(false);
            return new ArtifactReference(name, mediaType, kept.Bytes, kept.Sha256);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException(
                ArtifactCodes.NotKept, $"Artifact '{name}' of agent '{agent}' could not be kept: {e.Message.TrimEnd('.')}.", inner: e);
        }
    }

    private async ValueTask CheckThereAsync(ArtifactReference reference, CancellationToken cancellationToken)
    {
        var bytes = await ReadAsync(() => store.FindAsync(run, reference.Sha256, cancellationToken)).ConfigureAwait(false)
            ?? throw NotFound(reference);
        if (bytes != reference.Bytes)
        {
            throw new AgentException(
                ArtifactCodes.Damaged,
                $"Artifact '{reference.Name}' of run {run} has {bytes:N0} bytes, and {reference.Bytes:N0} were written.", retryable: false);
        }
    }

    private static async ValueTask<T> ReadAsync<T>(Func<ValueTask<T>> read)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException(ArtifactCodes.Unavailable, $"Artifacts cannot be read: {e.Message}", inner: e);
        }
    }

    private static void Check(string name, string mediaType)
    {
        if (!Names.IsValid(name))
        {
            throw Bad(Names.Problem("name of an artifact", name));
        }
        if (!ArtifactReference.IsMediaType(mediaType))
        {
            throw Bad($"'{Names.Shorten(mediaType)}' is not a media type; expected one such as image/png or application/octet-stream.");
        }
    }

    private void CheckOpen()
    {
        if (_isOver)
        {
            throw new InvalidOperationException($"The attempt of agent '{agent}' is over: it writes no artifacts any more.");
        }
    }

    private static AgentException Bad(string why) => new(ArtifactCodes.Bad, why, retryable: false);

    private AgentException NotFound(ArtifactReference reference) => new(
        ArtifactCodes.NotFound,
        $"Run {run} has no artifact '{reference.Name}' with sha256 {reference.Sha256}: only what its own attempts have written can be " +
        "referred to.", retryable: false);
}
