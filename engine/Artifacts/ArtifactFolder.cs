using System.Buffers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;

namespace AgentGrid.Engine.Artifacts;

/// <summary>
/// Artifacts in a folder: <c>RUN/SHA256</c> each, and what is being written in <c>unfinished</c>. More than one process can share it,
/// over a network too.
/// </summary>
/// <remarks>
/// A file is written under a name of its own, flushed to disk, and only then moved to its place; so what is in its place is whole.
/// What two runs share has a name in both, and lies there once where the disk knows hard links.
/// </remarks>
public sealed class ArtifactFolder(string folder, ArtifactOptions options) : IArtifactStore
{
    private const int BufferBytes = 256 * 1024;

    private readonly string _folder = Path.GetFullPath(folder);

    /// <inheritdoc/>
    public StoredValues Values => field ??= new StoredValues(this, options.ValuesFromBytes);

    private string Unfinished => Path.Combine(_folder, "unfinished");

    /// <inheritdoc/>
    public async ValueTask<ArtifactContent> WriteAsync(RunId run, Stream content, CancellationToken cancellationToken)
    {
        var path = FreshPath();
        try
        {
            var room = Room(run);
            var target = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.None,
                BufferSize = 0,
                Options = FileOptions.Asynchronous,
            });
            ArtifactContent kept;
            await using (target.ConfigureAwait(false))
            {
                kept = await CopyAsync(content, target, room, cancellationToken).ConfigureAwait(false);
                target.Flush(flushToDisk: true);
            }
            Place(run, path, kept.Sha256);
            return kept;
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <inheritdoc/>
    /// <remarks>On the calling thread: what is a write to memory, and a wait for the disk, is not worth another one.</remarks>
    public ValueTask<ArtifactContent> WriteAsync(RunId run, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var kept = new ArtifactContent(ArtifactHash.Of(content.Span), content.Length);
        var place = new FileInfo(PathOf(run, kept.Sha256));
        if (place.Exists && place.Length == kept.Bytes)
        {
            place.LastWriteTimeUtc = DateTime.UtcNow; // to a sweep it is new
            return ValueTask.FromResult(kept);
        }
        var room = Room(run);
        if (kept.Bytes > room.Bytes)
        {
            throw ArtifactRefusals.TooLarge(room.Why);
        }
        var path = FreshPath();
        CheckFree(content.Length);
        try
        {
            using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                RandomAccess.Write(file, content.Span, 0);
                RandomAccess.FlushToDisk(file);
            }
            Place(run, path, kept.Sha256);
            return ValueTask.FromResult(kept);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    /// <inheritdoc/>
    public byte[]? Read(RunId run, string sha256)
    {
        try
        {
            return File.ReadAllBytes(PathOf(run, sha256));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ArtifactContent> TakeAsync(RunId run, string path, CancellationToken cancellationToken)
    {
        // Nobody finds it under its old name from here on.
        var taken = FreshPath();
        ArtifactRefusals.FileOf(path).MoveTo(taken);
        try
        {
            ArtifactContent kept;
            var source = new FileStream(taken, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 0, FileOptions.Asynchronous);
            await using (source.ConfigureAwait(false))
            {
                kept = await CopyAsync(source, Stream.Null, Room(run), cancellationToken).ConfigureAwait(false);
                source.Flush(flushToDisk: true);
            }
            Place(run, taken, kept.Sha256);
            return kept;
        }
        finally
        {
            File.Delete(taken);
        }
    }

    /// <inheritdoc/>
    public ValueTask<long?> FindAsync(RunId run, string sha256, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new FileInfo(PathOf(run, sha256)) is { Exists: true } file ? file.Length : (long?)null);

    /// <inheritdoc/>
    public ValueTask<Stream?> OpenAsync(RunId run, string sha256, CancellationToken cancellationToken)
    {
        try
        {
            return ValueTask.FromResult<Stream?>(new FileStream(
                PathOf(run, sha256), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 4_096, FileOptions.Asynchronous));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return ValueTask.FromResult<Stream?>(null);
        }
    }

    /// <inheritdoc/>
    public ValueTask<string?> PathAsync(RunId run, string sha256, Func<string> folder, CancellationToken cancellationToken) =>
        ValueTask.FromResult(PathOf(run, sha256) is var path && File.Exists(path) ? path : null);

    /// <inheritdoc/>
    public string FreshFolder() => Path.Combine(Unfinished, FreshName());

    /// <inheritdoc/>
    public ValueTask<bool> ShareAsync(RunId from, RunId to, string sha256, CancellationToken cancellationToken)
    {
        var (path, target) = (PathOf(from, sha256), PathOf(to, sha256));
        if (!File.Exists(target))
        {
            if (!File.Exists(path))
            {
                return ValueTask.FromResult(false);
            }
            Directory.CreateDirectory(FolderOf(to));
            if (!HardLink.TryMake(path, target) && !File.Exists(target))
            {
                var copy = FreshPath();
                File.Copy(path, copy);
                File.Move(copy, target, overwrite: true);
            }
        }
        // To a sweep it is new.
        File.SetLastWriteTimeUtc(target, DateTime.UtcNow);
        return ValueTask.FromResult(true);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<RunWithArtifacts> RunsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!Directory.Exists(_folder))
        {
            yield break;
        }
        await Task.CompletedTask.ConfigureAwait(false);
        foreach (var found in new DirectoryInfo(_folder).EnumerateDirectories())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (RunId.TryParse(found.Name, out var run))
            {
                yield return new RunWithArtifacts(run, found.LastWriteTimeUtc);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<SweptArtifacts> SweepAsync(
        RunId run, IReadOnlySet<string> needed, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var (removed, left) = (0, 0);
        var files = new DirectoryInfo(FolderOf(run));
        foreach (var file in files.Exists ? files.EnumerateFiles().Where(f => !needed.Contains(f.Name)).ToArray() : [])
        {
            var isRemoved = file.LastWriteTimeUtc < before && TryRemove(file);
            removed += isRemoved ? 1 : 0;
            left += isRemoved ? 0 : 1;
        }
        return ValueTask.FromResult(new SweptArtifacts(removed, left));
    }

    /// <inheritdoc/>
    public ValueTask RemoveAsync(RunId run, CancellationToken cancellationToken)
    {
        Delete(FolderOf(run));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask RemoveUnfinishedAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var unfinished = new DirectoryInfo(Unfinished);
        foreach (var entry in unfinished.Exists ? unfinished.EnumerateFileSystemInfos().ToArray() : [])
        {
            if (entry is DirectoryInfo folder)
            {
                if (folder.EnumerateFileSystemInfos().Append(folder).All(e => e.LastWriteTimeUtc < before))
                {
                    Delete(folder.FullName);
                }
            }
            else if (entry.LastWriteTimeUtc < before)
            {
                entry.Delete();
            }
        }
        return ValueTask.CompletedTask;
    }

    // It may have been written anew in this moment, by a run that somebody lets go on: what is new stays.
    private bool TryRemove(FileInfo file)
    {
        var (path, seen) = (file.FullName, file.LastWriteTimeUtc);
        var aside = FreshPath();
        try
        {
            File.Move(path, aside);
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        if (File.GetLastWriteTimeUtc(aside) != seen)
        {
            File.Move(aside, path, overwrite: true);
            return false;
        }
        File.Delete(aside);
        return true;
    }

    private static void Delete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // It is gone.
        }
    }

    // The folder of a run can be removed in between, when the run is over: nobody waits for what is written then.
    private void Place(RunId run, string path, string sha256)
    {
        Directory.CreateDirectory(FolderOf(run));
        // A sweep goes by when it came to its place, and not by when it was written.
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
        File.Move(path, PathOf(run, sha256), overwrite: true);
    }

    private string FreshPath() => Path.Combine(Directory.CreateDirectory(Unfinished).FullName, FreshName());

    private static string FreshName() => Guid.CreateVersion7().ToString("N");

    private string FolderOf(RunId run) => run.Value.Length == 0
        ? throw new ArgumentException("An artifact belongs to a run.", nameof(run))
        : Path.Combine(_folder, run.Value);

    private string PathOf(RunId run, string sha256) => ArtifactReference.IsSha256(sha256)
        ? Path.Combine(FolderOf(run), sha256)
        : throw new ArgumentException("It is no SHA-256.", nameof(sha256));

    private (long Bytes, string Why) Room(RunId run)
    {
        var files = new DirectoryInfo(FolderOf(run));
        return ArtifactRefusals.Room(options, files.Exists ? files.EnumerateFiles().Sum(static f => f.Length) : 0);
    }

    private async Task<ArtifactContent> CopyAsync(
        Stream source, Stream target, (long Bytes, string Why) room, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            var bytes = 0L;
            while (await source.ReadAsync(buffer.AsMemory(0, BufferBytes), cancellationToken).ConfigureAwait(false) is > 0 and var read)
            {
                bytes += read;
                if (bytes > room.Bytes)
                {
                    throw ArtifactRefusals.TooLarge(room.Why);
                }
                CheckFree(read);
                hash.AppendData(buffer, 0, read);
                await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            }
            return new ArtifactContent(Convert.ToHexStringLower(hash.GetHashAndReset()), bytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // The runs themselves are kept on the same disk, as a rule: these must not run out of it.
    private void CheckFree(int bytes)
    {
        var free = new DriveInfo(_folder).AvailableFreeSpace;
        if (free - bytes < options.MinFreeBytes)
        {
            throw new IOException(
                $"the disk of {_folder} is full: it has {free:N0} bytes left, and {options.MinFreeBytes:N0} are kept free (option " +
                "Artifacts:MinFreeBytes)");
        }
    }
}
