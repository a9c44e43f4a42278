using System.Security.Cryptography;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Artifacts;

namespace AgentGrid.StoreContract;

/// <summary>What every store of artifacts must do.</summary>
public abstract class ArtifactStoreTests<THost> : IAsyncLifetime
    where THost : IArtifactStoreHost, new()
{
    private readonly THost _host = new();
    private readonly RunId _run = RunId.From(Guid.CreateVersion7());
    private readonly RunId _other = RunId.From(Guid.CreateVersion7());

    private IArtifactStore Store => field ??= _host.Open(new ArtifactOptions { MinFreeBytes = 0, MaxBytes = 4 << 20, MaxRunBytes = 6 << 20 });

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1 << 20)]
    [InlineData((3 << 20) + 5)]
    public async Task Write_AnySize_IsThereForItsRunAlone(int size)
    {
        var bytes = RandomNumberGenerator.GetBytes(size);
        var kept = await WriteAsync(_run, bytes);

        Assert.Equal(new ArtifactContent(Convert.ToHexStringLower(SHA256.HashData(bytes)), size), kept);
        Assert.Equal(size, await Store.FindAsync(_run, kept.Sha256, default));
        Assert.Equal(bytes, await ReadAsync(_run, kept.Sha256));
        using var folder = new Scratch();
        Assert.Equal(bytes, await File.ReadAllBytesAsync((await Store.PathAsync(_run, kept.Sha256, () => folder.Folder, default))!));
        Assert.Null(await Store.FindAsync(_other, kept.Sha256, default));
        Assert.Null(await Store.OpenAsync(_other, kept.Sha256, default));
        Assert.Null(await Store.PathAsync(_other, kept.Sha256, () => folder.Folder, default));
        Assert.Equal(1, await _host.CountAsync());
    }

    [Fact]
    public async Task Write_FromMemory_IsTheSameAsFromAStream()
    {
        var bytes = RandomNumberGenerator.GetBytes((2 << 20) + 7);

        var kept = await Store.WriteAsync(_run, bytes.AsMemory(), default);

        Assert.Equal(kept, await WriteAsync(_run, bytes));
        Assert.Equal(kept, await Store.WriteAsync(_run, bytes.AsMemory(), default));
        Assert.Equal(bytes, Store.Read(_run, kept.Sha256));
        Assert.Null(Store.Read(_other, kept.Sha256));
        Assert.Equal(1, await _host.CountAsync());
        await Assert.ThrowsAsync<AgentException>(async () => await Store.WriteAsync(_run, new byte[(4 << 20) + 1], default));
        Assert.Equal(1, await _host.CountAsync());
    }

    [Fact]
    public async Task Values_Large_AreReadAgain()
    {
        var (large, small) = (Json.From(new string('x', 300_000)), Json.From("small"));

        var kept = await Store.Values.KeepAsync(_run, large);

        Assert.Equal(large.Length, kept.Storage!.Bytes);
        Assert.Equal(large.ToString(), kept.ToString());
        Assert.Same(small, await Store.Values.KeepAsync(_run, small));
        // Another process knows no more than what is in the journal.
        var other = _host.Open(new ArtifactOptions { MinFreeBytes = 0 }).Values;
        Assert.Equal(large.ToString(), other.At(_run, kept.Storage).ToString());
        Assert.Contains("missing", Assert.Throws<KeptDataException>(() => other.At(_other, kept.Storage).Utf8).Message, StringComparison.Ordinal);
        var tooLarge = Json.From(new string('x', 5 << 20));
        Assert.Same(tooLarge, await Store.Values.KeepAsync(_run, tooLarge));
        Assert.Equal(1, await _host.CountAsync());
    }

    [Fact]
    public async Task Open_AndSeek_ReadsFromThere()
    {
        var bytes = RandomNumberGenerator.GetBytes((3 << 20) + 5);
        var kept = await WriteAsync(_run, bytes);
        await using var stream = (await Store.OpenAsync(_run, kept.Sha256, default))!;
        Assert.Equal(bytes.Length, stream.Length);
        foreach (var at in new[] { bytes.Length - 3, 0, (1 << 20) - 1, 2 << 20, 5 })
        {
            var part = new byte[3];
            stream.Position = at;
            await stream.ReadExactlyAsync(part);
            Assert.Equal(bytes[at..(at + 3)], part);
        }
        stream.Seek(-1, SeekOrigin.End);
        Assert.Equal(bytes[^1], stream.ReadByte());
        Assert.Equal(-1, stream.ReadByte());
    }

    [Fact]
    public async Task Write_SameAgain_IsThereOnce()
    {
        Assert.Equal(await WriteAsync(_run, [1, 2, 3]), await WriteAsync(_run, [1, 2, 3]));
        Assert.Equal(1, await _host.CountAsync());
    }

    [Fact]
    public async Task Write_TooLarge_LeavesNothing()
    {
        Assert.Equal("artifact_too_large", (await Assert.ThrowsAsync<AgentException>(() => WriteAsync(_run, new byte[(4 << 20) + 1]))).Code);
        Assert.Equal(0, await _host.CountAsync());
        await WriteAsync(_run, new byte[3 << 20]);

        var ofRun = await Assert.ThrowsAsync<AgentException>(() => WriteAsync(_run, new byte[(3 << 20) + 1]));

        Assert.Contains("Artifacts:MaxRunBytes", ofRun.Message, StringComparison.Ordinal);
        Assert.Equal(1, await _host.CountAsync());
    }

    [Fact]
    public async Task Write_Cancelled_LeavesNothing()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Store.WriteAsync(_run, new MemoryStream([1]), cancelled.Token));

        Assert.Equal(0, await _host.CountAsync());
    }

    [Fact]
    public async Task Take_FileOfTheAttempt_IsMoved()
    {
        var folder = Directory.CreateDirectory(Store.FreshFolder()).FullName;
        var path = Path.Combine(folder, "drawn");
        await File.WriteAllTextAsync(path, "hello");
        using var elsewhere = new Scratch();
        File.CreateSymbolicLink(Path.Combine(folder, "link"), elsewhere.Write("secret", "secret"));

        var kept = await Store.TakeAsync(_run, path, default);

        Assert.Equal("hello"u8.ToArray(), await ReadAsync(_run, kept.Sha256));
        Assert.False(File.Exists(path));
        foreach (var name in new[] { "link", "not_there" })
        {
            var refusal = await Assert.ThrowsAsync<AgentException>(async () => await Store.TakeAsync(_run, Path.Combine(folder, name), default));
            Assert.Equal("bad_artifact", refusal.Code);
        }
        Directory.Delete(folder, recursive: true);
        Assert.Equal(1, await _host.CountAsync());
    }

    [Fact]
    public async Task Share_OutlivesTheRunThatWroteIt()
    {
        var kept = await WriteAsync(_run, [1, 2, 3]);

        Assert.True(await Store.ShareAsync(_run, _other, kept.Sha256, default));
        Assert.True(await Store.ShareAsync(_run, _other, kept.Sha256, default));
        Assert.False(await Store.ShareAsync(_run, _other, new string('a', 64), default));
        await Store.RemoveAsync(_run, default);

        Assert.Null(await Store.FindAsync(_run, kept.Sha256, default));
        Assert.Equal([1, 2, 3], await ReadAsync(_other, kept.Sha256));
        Assert.True(await Store.ShareAsync(_run, _other, kept.Sha256, default)); // it has it
        Assert.Equal([_other], await RunsAsync());
    }

    [Fact]
    public async Task Sweep_RemovesWhatIsOldAndNotNeeded()
    {
        var (needed, old) = (await WriteAsync(_run, [1]), await WriteAsync(_run, [2]));
        await WriteAsync(_other, [2]);
        var before = DateTimeOffset.UtcNow;

        Assert.Equal(new SweptArtifacts(0, 1), await SweepAsync(before.AddMinutes(-1)));
        Assert.Equal(new SweptArtifacts(1, 0), await SweepAsync(before.AddMinutes(1)));

        Assert.Equal([1], await ReadAsync(_run, needed.Sha256));
        Assert.Null(await Store.FindAsync(_run, old.Sha256, default));
        Assert.Equal([2], await ReadAsync(_other, old.Sha256));

        async Task<SweptArtifacts> SweepAsync(DateTimeOffset time) =>
            await Store.SweepAsync(_run, new HashSet<string> { needed.Sha256 }, time, default);
    }

    [Fact]
    public async Task Runs_AreThoseThatHaveSome()
    {
        Assert.Empty(await RunsAsync());
        await WriteAsync(_run, [1]);
        await WriteAsync(_other, [1]);
        Assert.Equal(new[] { _run, _other }.Order(), (await RunsAsync()).Order());
        await foreach (var run in Store.RunsAsync(default))
        {
            Assert.InRange(run.ChangedAt, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        }

        await Store.RemoveAsync(_run, default);
        await Store.RemoveAsync(_run, default);

        Assert.Equal([_other], await RunsAsync());
        Assert.Equal(1, await _host.CountAsync());
    }

    private Task<ArtifactContent> WriteAsync(RunId run, byte[] bytes) => Store.WriteAsync(run, new MemoryStream(bytes), default).AsTask();

    private async Task<byte[]> ReadAsync(RunId run, string sha256)
    {
        await using var stream = await Store.OpenAsync(run, sha256, default);
        var bytes = new MemoryStream();
        await stream!.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    private async Task<List<RunId>> RunsAsync()
    {
        var runs = new List<RunId>();
        await foreach (var run in Store.RunsAsync(default))
        {
            runs.Add(run.Run);
        }
        return runs;
    }
}
