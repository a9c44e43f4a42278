using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Artifacts;
using AgentGrid.StoreContract;

namespace AgentGrid.Embedded.Tests.Store;

/// <summary>What every store of artifacts must do, by a folder; and what only a folder can meet with.</summary>
public sealed class ArtifactFolderTests : ArtifactStoreTests<ArtifactFolderHost>
{
    private readonly RunId _run = RunId.From(Guid.CreateVersion7());

    [Fact]
    public async Task Write_DiskWithLittleRoom_LeavesItFree()
    {
        await using var host = new ArtifactFolderHost();
        var store = host.Open(new ArtifactOptions { MinFreeBytes = long.MaxValue / 2 });

        var failure = await Assert.ThrowsAsync<IOException>(async () => await store.WriteAsync(_run, new MemoryStream([1]), default));

        Assert.Contains("option Artifacts:MinFreeBytes", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, await host.CountAsync());
    }

    [Fact]
    public async Task Values_DiskWithLittleRoom_StayInTheJournal()
    {
        await using var host = new ArtifactFolderHost();
        var value = Json.From(new string('x', 300_000));

        Assert.Same(value, await host.Open(new ArtifactOptions { MinFreeBytes = long.MaxValue / 2 }).Values.KeepAsync(_run, value));
        Assert.Same(value, await host.Open(new ArtifactOptions { ValuesFromBytes = 0, MinFreeBytes = 0 }).Values.KeepAsync(_run, value));
        Assert.Equal(0, await host.CountAsync());
    }

    [Fact]
    public async Task Values_Damaged_SaySo()
    {
        await using var host = new ArtifactFolderHost();
        var store = host.Open(new ArtifactOptions { MinFreeBytes = 0 });
        var stored = (await store.Values.KeepAsync(_run, Json.From(new string('x', 300_000)))).Storage!;
        var path = (await store.PathAsync(_run, stored.Sha256, () => "", default))!;
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[150_000]++;
        await File.WriteAllBytesAsync(path, bytes);

        Assert.Contains("damaged", Assert.Throws<KeptDataException>(() => store.Values.At(_run, stored).Element).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RemoveUnfinished_LeavesWhatIsWrittenNow()
    {
        await using var host = new ArtifactFolderHost();
        var store = host.Open(new ArtifactOptions { MinFreeBytes = 0 });
        await store.WriteAsync(_run, new MemoryStream([1]), default);
        var (old, fresh) = (Directory.CreateDirectory(store.FreshFolder()), Directory.CreateDirectory(store.FreshFolder()));
        await File.WriteAllTextAsync(Path.Combine(fresh.FullName, "drawn"), "half");
        await File.WriteAllTextAsync(old.FullName + ".half", "half");
        foreach (var entry in new FileSystemInfo[] { old, fresh, new FileInfo(old.FullName + ".half") })
        {
            entry.LastWriteTimeUtc = DateTime.UtcNow.AddHours(-2);
        }

        await store.RemoveUnfinishedAsync(DateTimeOffset.UtcNow.AddHours(-1), default);

        Assert.Equal([fresh.FullName], Directory.GetFileSystemEntries(Path.GetDirectoryName(old.FullName)!));
        Assert.Equal(2, await host.CountAsync());
    }
}

/// <summary>A folder of its own.</summary>
public sealed class ArtifactFolderHost : IArtifactStoreHost
{
    private readonly Scratch _folder = new();

    public IArtifactStore Open(ArtifactOptions options) => new ArtifactFolder(Path.Combine(_folder.Folder, "artifacts"), options);

    public Task<int> CountAsync() => Task.FromResult(Directory.GetFiles(_folder.Folder, "*", SearchOption.AllDirectories).Length);

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
