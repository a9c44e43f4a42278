using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Engine.Artifacts;

/// <summary>
/// Where artifacts lie: bytes by run and by their SHA-256. What a run has, another one cannot reach, also with the hash in its hands.
/// </summary>
/// <remarks>
/// What is there is whole, and does not change. Methods end with an <see cref="AgentException"/> where somebody asked for what may not
/// be, and with an <see cref="IOException"/> or an <see cref="UnauthorizedAccessException"/> where the store has failed.
/// </remarks>
public interface IArtifactStore
{
    /// <summary>The large values of runs among them.</summary>
    StoredValues Values { get; }

    /// <summary>Keeps bytes that are in memory; they are durable on return.</summary>
    ValueTask<ArtifactContent> WriteAsync(RunId run, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>All bytes of one, at once, on the calling thread; null when it is not there. For <see cref="Values"/>.</summary>
    byte[]? Read(RunId run, string sha256);

    /// <summary>Keeps what a stream has; it is durable on return, and nothing is there when it fails.</summary>
    ValueTask<ArtifactContent> WriteAsync(RunId run, Stream content, CancellationToken cancellationToken);

    /// <summary>As <see cref="WriteAsync(RunId, Stream, CancellationToken)"/>, of a file in a folder of <see cref="FreshFolder"/>, which is gone afterwards.</summary>
    ValueTask<ArtifactContent> TakeAsync(RunId run, string path, CancellationToken cancellationToken);

    /// <summary>How many bytes there are; null when it is not there.</summary>
    ValueTask<long?> FindAsync(RunId run, string sha256, CancellationToken cancellationToken);

    /// <summary>A stream that can seek; null when it is not there.</summary>
    ValueTask<Stream?> OpenAsync(RunId run, string sha256, CancellationToken cancellationToken);

    /// <summary>A file with the bytes, in the store or put into a folder; null when it is not there.</summary>
    /// <param name="folder">Makes the folder, where one is needed.</param>
    ValueTask<string?> PathAsync(RunId run, string sha256, Func<string> folder, CancellationToken cancellationToken);

    /// <summary>A folder for files of an attempt, which is not there yet.</summary>
    string FreshFolder();

    /// <summary>Gives a run what another one has, for as long as it is kept itself.</summary>
    /// <returns>False when the other one does not have it.</returns>
    ValueTask<bool> ShareAsync(RunId from, RunId to, string sha256, CancellationToken cancellationToken);

    /// <summary>All runs that have some.</summary>
    IAsyncEnumerable<RunWithArtifacts> RunsAsync(CancellationToken cancellationToken);

    /// <summary>Removes those of a run that nothing refers to.</summary>
    /// <param name="before">Those that came to their places later are left alone.</param>
    ValueTask<SweptArtifacts> SweepAsync(
        RunId run, IReadOnlySet<string> needed, DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>Removes all of a run.</summary>
    ValueTask RemoveAsync(RunId run, CancellationToken cancellationToken);

    /// <summary>Removes what was begun and never finished, because its process ended, when nobody has written to it since.</summary>
    ValueTask RemoveUnfinishedAsync(DateTimeOffset before, CancellationToken cancellationToken);
}

/// <summary>What has been kept.</summary>
public readonly record struct ArtifactContent(string Sha256, long Bytes);

/// <summary>What became of those that nothing refers to.</summary>
/// <param name="Left">How many are there still, because they are new.</param>
public readonly record struct SweptArtifacts(int Removed, int Left);

/// <summary>A run that has artifacts.</summary>
/// <param name="ChangedAt">When one was added or removed last.</param>
public readonly record struct RunWithArtifacts(RunId Run, DateTimeOffset ChangedAt);
