namespace AgentGrid.Simulation.Tests.WhatIf;

[Collection(nameof(Alone))]
public sealed class PredictionTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    /// <summary>The bound is wide: machines that run tests are busy. bench/README.md has what was measured.</summary>
    [Fact]
    public async Task WhatIf_OfHalfTheSlots_IsWhatHappensThen()
    {
        var load = new DelayLoad(runs: 80, meanMs: 150, utilisation: 0.8, seed: 7);

        var (four, predicted, two) = await load.CompareAsync(_scratch.Folder);

        TestContext.Current.TestOutputHelper?.WriteLine($"{four}\n{predicted}\n{two}");
        Assert.Equal((80, 80, 80), (four.Completed, predicted.Completed, two.Completed));
        Assert.True(predicted.P50Seconds > 1.2 * four.P50Seconds, $"The load is too low to tell: {four}, {predicted}.");
        Assert.InRange(predicted.P50Seconds!.Value / two.P50Seconds!.Value, 0.6, 1.6);
        Assert.InRange(predicted.P99Seconds!.Value / two.P99Seconds!.Value, 0.5, 2);
    }
}
