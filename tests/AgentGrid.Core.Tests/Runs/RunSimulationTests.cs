using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>Replay one seed with <c>AGENTGRID_SEED=123</c>; run more with <c>AGENTGRID_SEEDS=100000</c>.</summary>
public sealed class RunSimulationTests(ITestOutputHelper output)
{
    [Fact]
    public void Run_AnySeed_KeepsThePromises()
    {
        var only = Environment.GetEnvironmentVariable("AGENTGRID_SEED");
        var count = int.Parse(Environment.GetEnvironmentVariable("AGENTGRID_SEEDS") ?? "1000");
        var seeds = only is null ? Enumerable.Range(0, count) : [int.Parse(only)];
        int children = 0, signals = 0, deliveries = 0, crashes = 0, losses = 0, passedOn = 0, ignored = 0, refusals = 0, receipts = 0, items = 0;
        var outcomes = new Dictionary<RunStatus, int>();
        foreach (var seed in seeds)
        {
            var simulation = new RunSimulation(seed);
            try
            {
                simulation.Run();
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
            }
            crashes += simulation.Crashes;
            signals += simulation.Signals;
            (refusals, receipts) = (refusals + simulation.Refusals, receipts + simulation.Receipts);
            items += simulation.ItemsWonByBackups;
            children += simulation.Children;
            losses += simulation.Losses;
            deliveries += simulation.Deliveries;
            passedOn += simulation.PassedOn;
            ignored += simulation.Ignored;
            outcomes[simulation.Outcome] = outcomes.GetValueOrDefault(simulation.Outcome) + 1;
        }
        output.WriteLine($"{string.Join(", ", outcomes)}; {crashes} crashes, {losses} losses, {passedOn} passed on, {signals} signals, {children} children, {deliveries} deliveries, {ignored} ignored, {refusals} backups refused, {receipts} receipts, {items} items won by backups");
        if (only is null)
        {
            Assert.True(signals > count / 4 && children > count / 4 && deliveries > count / 2 && crashes > count / 2 && losses > count / 2 && ignored > count && refusals > count / 50 && receipts > count / 50 && items > count / 50 && passedOn > count / 100, "the simulation is too tame");
            Assert.Equal(3, outcomes.Count);
        }
    }
}
