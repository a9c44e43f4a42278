using System.Diagnostics;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>Replay one seed with <c>AGENTGRID_SEED=123</c>; run more with <c>AGENTGRID_SEEDS=100000</c>.</summary>
public sealed class EngineSimulationTests(ITestOutputHelper output)
{
    [Fact]
    public void Run_AnySeed_KeepsThePromises()
    {
        var only = Environment.GetEnvironmentVariable("AGENTGRID_SEED");
        var count = int.Parse(Environment.GetEnvironmentVariable("AGENTGRID_SEEDS") ?? "400");
        var started = Stopwatch.GetTimestamp();
        var counts = new SimulationCounts();
        foreach (var seed in only is null ? Enumerable.Range(0, count) : [int.Parse(only)])
        {
            var failure = Simulations.Run(SimulationSettings.Of(seed), counts);
            if (failure is not null)
            {
                Assert.Fail(Simulations.Explain(failure));
            }
        }
        output.WriteLine($"{count} seeds in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s: {counts}");
        if (only is null)
        {
            Assert.True(counts.Kills > count / 2 && counts.PowerFailures > count / 2, "the simulation is too tame");
        }
    }
}
