using System.Diagnostics;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>Replay one seed with <c>AGENTGRID_SEED=123</c>; run more with <c>AGENTGRID_SEEDS=100000</c>.</summary>
public sealed class EngineSimulationTests(ITestOutputHelper output)
{
    [Fact]
    public void Run_AnySeed_KeepsThePromises()
    {
        var only = Environment.GetEnvironmentVariable("AGENTGRID_SEED");
        var first = int.Parse(Environment.GetEnvironmentVariable("AGENTGRID_FIRST_SEED") ?? "0");
        var count = int.Parse(Environment.GetEnvironmentVariable("AGENTGRID_SEEDS") ?? "100");
        var started = Stopwatch.GetTimestamp();
        var counts = new SimulationCounts();

        var failure = Simulations.RunAll(
            only is null ? Enumerable.Range(first, count) : [int.Parse(only)], Breakage.None, counts);

        Assert.True(failure is null, failure is null ? "" : Simulations.Explain(failure));
        output.WriteLine($"{count} seeds in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s: {counts}");
        if (only is null)
        {
            Assert.True(counts.Kills > count / 2 && counts.PowerFailures > count / 2, "the simulation is too tame");
        }
    }

    [Fact]
    public void Run_SameSeed_SameHistory()
    {
        for (var seed = 0; seed < 8; seed++)
        {
            var settings = SimulationSettings.Of(seed);
            Assert.Equal(Simulations.Trace(settings).History, Simulations.Trace(settings).History);
        }
    }

    // An engine that is broken on purpose is found out, and soon.
    [Theory]
    // With the seed at which one that hides was found: it is tried first, and all others where it finds it no more.
    [InlineData(Breakage.PublishesBeforeCommit)]
    [InlineData(Breakage.AcknowledgesBeforeCommit)]
    [InlineData(Breakage.DoesNotSync)]
    [InlineData(Breakage.DiskLies)]
    [InlineData(Breakage.LosesTurns)]
    [InlineData(Breakage.WritesTurnsTwice)]
    [InlineData(Breakage.ForgetsSlotsOnCrash)]
    [InlineData(Breakage.ForgetsSlotsOnAbandon)]
    [InlineData(Breakage.FreesSlotsEarly)]
    [InlineData(Breakage.KeepsNobodyApart, 69)]
    [InlineData(Breakage.ForgetsSupersessions, 31)]
    [InlineData(Breakage.StoresValuesLate)]
    internal void Run_BrokenEngine_IsFoundOut(Breakage breakage, int first = 0)
    {
        var failure = Simulations.RunAll(Enumerable.Range(0, 200).Prepend(first), breakage, new SimulationCounts());

        Assert.True(failure is not null, $"an engine that is broken ({breakage}) passes");
        Assert.DoesNotContain(SimulationReport.Unexpected, failure.Broken, StringComparison.Ordinal);
        output.WriteLine($"{breakage}: seed {failure.Settings.Seed}: {failure.Broken}");
    }
}
