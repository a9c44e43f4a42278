using AgentGrid.Grains.Nodes;

namespace AgentGrid.Cluster.Tests.Nodes;

public sealed class NvmlTests
{
    private const long Gib = 1L << 30;

    [Fact]
    public async Task Read_OwnAndForeignProcesses_AreToldApart()
    {
        using var fake = await FakeNvml.CompileAsync();
        using var nvml = Nvml.TryOpen([fake.Library], knowsProcesses: true, out var reason);
        Assert.True(nvml is not null, reason);

        var devices = nvml.Read();

        // The second has fallen off the bus, and the driver of the third does not tell of processes.
        Assert.Equal(
            [new GpuDevice(0, "Fake 0", 24 * Gib, 6 * Gib, 5 * Gib), new GpuDevice(2, "Fake 2", 8 * Gib, Gib, 0)],
            devices);
    }

    [Fact]
    public async Task Read_ProcessNumbersOfAContainer_WhatComesAfterTheStartIsOwn()
    {
        using var fake = await FakeNvml.CompileAsync();
        using var nvml = Nvml.TryOpen([fake.Library], knowsProcesses: false, out var reason);
        Assert.True(nvml is not null, reason);

        var reads = Enumerable.Range(0, 4).Select(_ => nvml.Read()).ToList();

        Assert.All(reads, r => Assert.Equal((11 * Gib, 0), (r[0].UsedByOthersBytes, r[0].UsedHereBytes)));
        Assert.Equal(
            [(1, 0), (1, 2), (0, 0), (0, 3)], reads.Select(r => (r[1].UsedByOthersBytes / Gib, r[1].UsedHereBytes / Gib)));
    }

    [Fact]
    public async Task TryOpen_DriverThatIsNotLoaded_SaysWhatItAnswered()
    {
        using var fake = await FakeNvml.CompileAsync(initAnswer: 9);

        Assert.Null(Nvml.TryOpen([fake.Library], knowsProcesses: true, out var reason));
        Assert.Equal("nvmlInit_v2 answered 9; is the driver loaded?", reason);
    }

    [Fact]
    public void TryOpen_NoLibrary_SaysSo()
    {
        Assert.Null(Nvml.TryOpen(["libnvidia-ml-that-is-nowhere.so.1"], knowsProcesses: true, out var reason));
        Assert.Equal("libnvidia-ml is not installed", reason);
    }

    [Fact]
    public void Include_ProcessThatIsNot_IsNotOwn()
    {
        Assert.True(ProcessTree.Include(Environment.ProcessId));
        Assert.False(ProcessTree.Include(int.MaxValue));
    }
}
