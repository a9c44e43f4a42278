using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Artifacts;
using AgentGrid.RunLog.Scripts;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Artifacts;

/// <summary>
/// Artifacts of a cluster beside its runs, in Redis: for those that are small, since all of them lie in its memory. Larger ones want a
/// folder that all processes share.
/// </summary>
/// <remarks>
/// The keys: <c>artifacts</c>, the runs that have some, by when one came or went; <c>artifacts:RUN</c>, what each of them has and when
/// it came; <c>artifact:RUN:SHA256</c>, the bytes. What is being written has a key of its own, which Redis drops after an hour.
/// </remarks>
public sealed class RedisArtifacts : IArtifactStore
{
    /// <summary>The largest artifact that Redis is given.</summary>
    public const long MostBytes = 16L << 20;

    // Redis does nothing else while it takes or gives one.
    private const int ChunkBytes = 1 << 20;

    private static readonly TimeSpan s_unfinished = TimeSpan.FromHours(1);

    private readonly IDatabase _redis;
    private readonly string _prefix;
    private readonly ArtifactOptions _options;
    private readonly TimeProvider _time;

    /// <param name="keyPrefix">That of the run log: <see cref="RunLogOptions.KeyPrefix"/>.</param>
    public RedisArtifacts(IConnectionMultiplexer redis, string keyPrefix, ArtifactOptions options, TimeProvider time) =>
        (_redis, _prefix, _options, _time) = (redis.GetDatabase(), $"{{{keyPrefix}}}:", options, time);

    /// <inheritdoc/>
    public StoredValues Values => field ??= new StoredValues(this, _options.ValuesFromBytes);

    private RedisKey Runs => $"{_prefix}artifacts";

    /// <inheritdoc/>
    public ValueTask<ArtifactContent> WriteAsync(RunId run, Stream content, CancellationToken cancellationToken) =>
        Guarded(async () =>
        {
            RedisKey unfinished = $"{_prefix}artifact:unfinished:{Guid.CreateVersion7():N}";
            try
            {
                var kept = await CopyAsync(content, unfinished, await RoomAsync(run).ConfigureAwait(false), cancellationToken)
                    .ConfigureAwait(false);
                var placing = _redis.CreateTransaction();
                placing.AddCondition(Condition.KeyExists(unfinished));
                _ = placing.KeyRenameAsync(unfinished, KeyOf(run, kept.Sha256));
                _ = placing.KeyPersistAsync(KeyOf(run, kept.Sha256));
                Enter(placing, run, kept);
                return await placing.ExecuteAsync().ConfigureAwait(false)
                    ? kept
                    : throw new IOException($"Redis has dropped what was written: it took longer than {s_unfinished.TotalHours:0} h");
            }
            finally
            {
                await _redis.KeyDeleteAsync(unfinished, CommandFlags.FireAndForget).ConfigureAwait(false);
            }
        });

    /// <inheritdoc/>
    public async ValueTask<ArtifactContent> WriteAsync(RunId run, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var stream = MemoryMarshal.TryGetArray(content, out var bytes)
            ? new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
            : new MemoryStream(content.ToArray());
        return await WriteAsync(run, stream, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public byte[]? Read(RunId run, string sha256)
    {
        try
        {
            var key = KeyOf(run, sha256);
            if (!_redis.KeyExists(key, RedisAnswer.FromPrimary))
            {
                return null;
            }
            var content = new byte[_redis.StringLength(key, RedisAnswer.FromPrimary)];
            for (var at = 0; at < content.Length;)
            {
                byte[]? chunk = _redis.StringGetRange(key, at, at + ChunkBytes - 1, RedisAnswer.FromPrimary);
                if (chunk is null or [])
                {
                    return null; // it was removed in between
                }
                chunk.CopyTo(content, at);
                at += chunk.Length;
            }
            return content;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw new IOException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ArtifactContent> TakeAsync(RunId run, string path, CancellationToken cancellationToken)
    {
        var file = ArtifactRefusals.FileOf(path);
        ArtifactContent kept;
        var content = file.OpenRead();
        await using (content.ConfigureAwait(false))
        {
            kept = await WriteAsync(run, content, cancellationToken).ConfigureAwait(false);
        }
        file.Delete();
        return kept;
    }

    /// <inheritdoc/>
    public ValueTask<long?> FindAsync(RunId run, string sha256, CancellationToken cancellationToken) => Guarded<long?>(async () =>
        await _redis.KeyExistsAsync(KeyOf(run, sha256), RedisAnswer.FromPrimary).ConfigureAwait(false)
            ? await _redis.StringLengthAsync(KeyOf(run, sha256), RedisAnswer.FromPrimary).ConfigureAwait(false)
            : null);

    /// <inheritdoc/>
    public ValueTask<Stream?> OpenAsync(RunId run, string sha256, CancellationToken cancellationToken) => Guarded<Stream?>(async () =>
    {
        var key = KeyOf(run, sha256);
        if (!await _redis.KeyExistsAsync(key, RedisAnswer.FromPrimary).ConfigureAwait(false))
        {
            return null;
        }
        var length = await _redis.StringLengthAsync(key, RedisAnswer.FromPrimary).ConfigureAwait(false);
        return new RedisArtifactStream(_redis, key, length, ChunkBytes);
    });

    /// <inheritdoc/>
    public async ValueTask<string?> PathAsync(RunId run, string sha256, Func<string> folder, CancellationToken cancellationToken)
    {
        var content = await OpenAsync(run, sha256, cancellationToken).ConfigureAwait(false);
        if (content is null)
        {
            return null;
        }
        await using var _ = content.ConfigureAwait(false);
        var path = Path.Combine(Directory.CreateDirectory(folder()).FullName, sha256);
        if (!File.Exists(path))
        {
            var half = $"{path}.{Guid.NewGuid():N}";
            var file = File.Create(half);
            await using (file.ConfigureAwait(false))
            {
                await content.CopyToAsync(file, cancellationToken).ConfigureAwait(false);
            }
            File.Move(half, path, overwrite: true);
        }
        return path;
    }

    /// <inheritdoc/>
    public string FreshFolder() => Path.Combine(Path.GetTempPath(), "agentgrid-artifacts", Guid.CreateVersion7().ToString("N"));

    /// <inheritdoc/>
    public ValueTask<bool> ShareAsync(RunId from, RunId to, string sha256, CancellationToken cancellationToken) => Guarded(async () =>
    {
        if (await FindAsync(from, sha256, cancellationToken).ConfigureAwait(false) is not { } bytes)
        {
            return await FindAsync(to, sha256, cancellationToken).ConfigureAwait(false) is not null;
        }
        var sharing = _redis.CreateTransaction();
        sharing.AddCondition(Condition.KeyExists(KeyOf(from, sha256)));
        _ = sharing.KeyCopyAsync(KeyOf(from, sha256), KeyOf(to, sha256), replace: true);
        Enter(sharing, to, new ArtifactContent(sha256, bytes));
        return await sharing.ExecuteAsync().ConfigureAwait(false);
    });

    /// <inheritdoc/>
    public async IAsyncEnumerable<RunWithArtifacts> RunsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in _redis.SortedSetScanAsync(Runs, pageSize: 1_000).WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (RunId.TryParse(entry.Element, out var run))
            {
                yield return new RunWithArtifacts(run, DateTimeOffset.FromUnixTimeMilliseconds((long)entry.Score));
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<SweptArtifacts> SweepAsync(
        RunId run, IReadOnlySet<string> needed, DateTimeOffset before, CancellationToken cancellationToken) => Guarded(async () =>
    {
        var (removed, left) = (0, 0);
        foreach (var entry in await _redis.HashGetAllAsync(KeyOf(run)).ConfigureAwait(false))
        {
            if (!needed.Contains(entry.Name!))
            {
                var isRemoved = PlacedAt(entry.Value) < before && await TryRemoveAsync(run, entry).ConfigureAwait(false);
                removed += isRemoved ? 1 : 0;
                left += isRemoved ? 0 : 1;
            }
        }
        return new SweptArtifacts(removed, left);
    });

    /// <inheritdoc/>
    public async ValueTask RemoveAsync(RunId run, CancellationToken cancellationToken) => await Guarded(async () =>
    {
        foreach (var name in await _redis.HashKeysAsync(KeyOf(run)).ConfigureAwait(false))
        {
            await _redis.KeyDeleteAsync(KeyOf(run, name!)).ConfigureAwait(false);
        }
        await _redis.KeyDeleteAsync(KeyOf(run)).ConfigureAwait(false);
        return await _redis.SortedSetRemoveAsync(Runs, run.Value).ConfigureAwait(false);
    }).ConfigureAwait(false);

    /// <summary>Redis does it by itself; of the folders of attempts the system takes care.</summary>
    public ValueTask RemoveUnfinishedAsync(DateTimeOffset before, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    private RedisKey KeyOf(RunId run) => $"{_prefix}artifacts:{run}";

    private RedisKey KeyOf(RunId run, string sha256) => ArtifactReference.IsSha256(sha256)
        ? $"{_prefix}artifact:{run}:{sha256}"
        : throw new ArgumentException("It is no SHA-256.", nameof(sha256));

    // Only as it was seen: it may have been written anew in this moment.
    private async Task<bool> TryRemoveAsync(RunId run, HashEntry entry)
    {
        var removing = _redis.CreateTransaction();
        removing.AddCondition(Condition.HashEqual(KeyOf(run), entry.Name, entry.Value));
        _ = removing.HashDeleteAsync(KeyOf(run), entry.Name);
        _ = removing.KeyDeleteAsync(KeyOf(run, entry.Name!));
        return await removing.ExecuteAsync().ConfigureAwait(false);
    }

    private void Enter(ITransaction transaction, RunId run, ArtifactContent content)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        _ = transaction.HashSetAsync(KeyOf(run), content.Sha256, $"{content.Bytes} {now}");
        _ = transaction.SortedSetAddAsync(Runs, run.Value, now);
    }

    private static DateTimeOffset PlacedAt(RedisValue entry) =>
        DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(((string)entry!).Split(' ')[1]));

    private async Task<(long Bytes, string Why)> RoomAsync(RunId run)
    {
        var all = await _redis.HashValuesAsync(KeyOf(run)).ConfigureAwait(false);
        var room = ArtifactRefusals.Room(_options, all.Sum(static e => long.Parse(((string)e!).Split(' ')[0])));
        return room.Bytes <= MostBytes
            ? room
            : (MostBytes, $"Redis keeps one of at most {MostBytes:N0}; for larger ones set AgentGrid:Artifacts:Folder to a folder that all processes share");
    }

    private async Task<ArtifactContent> CopyAsync(
        Stream source, RedisKey target, (long Bytes, string Why) room, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[ChunkBytes];
        var bytes = 0L;
        int read;
        do
        {
            read = await source.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            bytes += read;
            if (bytes > room.Bytes)
            {
                throw ArtifactRefusals.TooLarge(room.Why);
            }
            hash.AppendData(buffer, 0, read);
            await _redis.StringAppendAsync(target, buffer.AsMemory(0, read)).ConfigureAwait(false);
            await _redis.KeyExpireAsync(target, s_unfinished).ConfigureAwait(false);
        }
        while (read == buffer.Length);
        return new ArtifactContent(Convert.ToHexStringLower(hash.GetHashAndReset()), bytes);
    }

    private static async ValueTask<T> Guarded<T>(Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw new IOException(e.Message, e);
        }
    }
}
