using System.Diagnostics;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Tests.Hardships;

/// <summary>Disks that are really full, and disks that cannot be written.</summary>
public sealed class DiskTests
{
    [Fact]
    public async Task FullDisk_RefusesNewRunsKeepsAcceptedOnesAndGoesOnWhenThereIsRoom()
    {
        using var disk = new Mount("size=6m");
        await using var grid = await GatedGrid.StartAsync(disk.Path);
        var accepted = new List<RunSummary>();
        SubmitResult result;
        while ((result = await grid.SubmitAsync(text: new string('x', 200_000))) is SubmitResult.Accepted run)
        {
            accepted.Add(run.Run);
            Assert.True(accepted.Count < 1_000, "the disk is never full");
        }

        // A small write may still find room, and after it all is well until the next large one. So what it says of
        // itself is read when it has just refused one.
        var health = await grid.Grid.GetHealthAsync();
        for (var i = 0; health.Ready && i < 100; i++)
        {
            result = await grid.SubmitAsync(text: new string('x', 200_000));
            health = await grid.Grid.GetHealthAsync();
            if (result is SubmitResult.Accepted run)
            {
                accepted.Add(run.Run);
            }
        }
        var refusal = Assert.IsType<SubmitResult.Unavailable>(result);
        Assert.Contains("full", refusal.Message, StringComparison.Ordinal);
        Assert.False(health.Ready);
        Assert.Contains(health.Problems, p => p.Contains("cannot be written", StringComparison.Ordinal)
            && p.Contains("Make room", StringComparison.Ordinal));
        Assert.NotEmpty(accepted);

        disk.Remount("size=64m");
        var since = Stopwatch.StartNew();
        while (await grid.SubmitAsync() is SubmitResult.Unavailable)
        {
            await Task.Yield();
            Assert.True(since.Elapsed < TimeSpan.FromSeconds(60), "there is room again, and nobody notices");
        }
        foreach (var run in accepted)
        {
            Assert.Equal(RunStatus.Completed, (await grid.EndOfAsync(run)).Status);
        }
    }

    [Fact]
    public async Task FullDisk_ThenACrash_EveryAcceptedRunIsThere()
    {
        using var disk = new Mount("size=6m");
        var gate = new TaskCompletionSource();
        var accepted = new List<RunSummary>();
        await using (var grid = await GatedGrid.StartAsync(disk.Path, work: _ => gate.Task))
        {
            while (await grid.SubmitAsync(text: new string('x', 200_000)) is SubmitResult.Accepted run)
            {
                accepted.Add(run.Run);
            }
            ((EmbeddedGrid)grid.Grid).Crash();
        }
        gate.SetResult();
        disk.Remount("size=64m");

        await using var again = await GatedGrid.StartAsync(disk.Path);

        Assert.NotEmpty(accepted);
        foreach (var run in accepted)
        {
            Assert.Equal(RunStatus.Completed, (await again.EndOfAsync(run)).Status);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ReadOnlyDisk_RefusesToStartAndSaysWhatToDo(bool withJournal)
    {
        using var disk = new Mount("size=6m");
        if (withJournal)
        {
            await (await GatedGrid.StartAsync(disk.Path)).DisposeAsync();
        }
        disk.Remount("ro");

        var refusal = await Assert.ThrowsAsync<JournalException>(() => GatedGrid.StartAsync(disk.Path));

        Assert.Contains("cannot be written", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(disk.Path, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("--data", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadOnlyFolder_RefusesToStartAndSaysWhatToDo()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Skip("permissions do not keep an administrator from writing; the read-only disk is tested instead");
            return;
        }
        using var folder = new Scratch();
        File.SetUnixFileMode(folder.Folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var refusal = await Assert.ThrowsAsync<JournalException>(() => GatedGrid.StartAsync(folder.Folder));

        File.SetUnixFileMode(folder.Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Contains("cannot be written", refusal.Message, StringComparison.Ordinal);
    }
}
