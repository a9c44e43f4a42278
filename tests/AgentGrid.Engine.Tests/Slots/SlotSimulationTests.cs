using AgentGrid.Engine.Tests.Simulation;

namespace AgentGrid.Engine.Tests.Slots;

public sealed class SlotSimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 150;

    [Fact]
    public void AnySequence_CountsAreTrueAndNobodyWaitsForNothing()
    {
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var seed = 0; seed < Seeds; seed++)
        {
            new SlotSimulation(seed, SlotMistake.None, counts).Run();
        }

        output.WriteLine(string.Join(", ", counts.Select(c => $"{c.Value} {c.Key}")));
        Assert.All(SlotSimulation.Rarest, what => Assert.True(counts.GetValueOrDefault(what) >= Seeds / 8, $"the simulation is too tame: nothing is {what}"));
        Assert.All(SlotSimulation.Rarities, what => Assert.True(
            counts.GetValueOrDefault(what) >= Seeds, $"the simulation is too tame: hardly anything is {what}"));
    }

    [Theory]
    [InlineData(SlotMistake.QueuesWhatWasWithdrawn)]
    [InlineData(SlotMistake.ForgetsWithdrawals)]
    [InlineData(SlotMistake.WithdrawsAnother)]
    [InlineData(SlotMistake.TellsNobody)]
    [InlineData(SlotMistake.ForgetsReleases)]
    [InlineData(SlotMistake.ReleasesAnother)]
    [InlineData(SlotMistake.RemembersFormerLives)]
    [InlineData(SlotMistake.ForgetsDrains)]
    [InlineData(SlotMistake.CountsNoBackups)]
    [InlineData(SlotMistake.CountsNoGpuSeconds)]
    [InlineData(SlotMistake.FailsNowhere)]
    internal void AnySequence_TableWithAMistake_IsFoundOut(SlotMistake mistake)
    {
        var found = Enumerable.Range(0, 400) // most are found in the first
            .Select(seed => Record.Exception(() => new SlotSimulation(seed, mistake, []).Run()))
            .FirstOrDefault(e => e is not null);

        Assert.IsType<SimulationFailure>(found);
        output.WriteLine($"{mistake}: {found.Message.Split('\n')[0]}");
    }
}
