namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>Runs simulations, and looks for the smallest one that still fails.</summary>
internal static class Simulations
{
    private const int MostTrials = 60;
    private const int MostLines = 60;

    public static SimulationReport? Run(SimulationSettings settings, SimulationCounts counts)
    {
        SimulationReport? report = null;
        // A thread without a synchronization context: whoever waits goes on at once, where the simulation is.
        var thread = new Thread(() => report = RunHere(settings, counts), maxStackSize: 16 * 1024 * 1024);
        thread.Start();
        thread.Join();
        return report;
    }

    public static string Explain(SimulationReport first)
    {
        var smallest = first;
        var trials = 0;
        for (var found = true; found && trials < MostTrials;)
        {
            found = false;
            foreach (var smaller in smallest.Settings.Smaller().TakeWhile(_ => trials++ < MostTrials))
            {
                if (Run(smaller, new SimulationCounts()) is { } report && report.History.Count < smallest.History.Count)
                {
                    smallest = report;
                    found = true;
                    break;
                }
            }
        }
        var lines = smallest.History.TakeLast(MostLines);
        return $"seed {first.Settings.Seed}: {first.Promise}\n" +
            $"replay it with AGENTGRID_SEED={first.Settings.Seed}\n" +
            $"smallest that fails: {smallest.Promise}\n{smallest.Settings}\n" +
            $"the last {lines.Count()} of {smallest.History.Count} lines of its history:\n{string.Join('\n', lines)}";
    }

    public static IReadOnlyList<string> Trace(SimulationSettings settings)
    {
        IReadOnlyList<string> h = [];
        var t = new Thread(() => { var folder = Directory.CreateTempSubdirectory("agentgrid-simulation-"); var s = new EngineSimulation(settings, folder); try { s.Run(); } catch (Exception) { } h = s.History; s.Dispose(); folder.Delete(true); });
        t.Start(); t.Join();
        return h;
    }

    private static SimulationReport? RunHere(SimulationSettings settings, SimulationCounts counts)
    {
        var folder = Directory.CreateTempSubdirectory("agentgrid-simulation-");
        EngineSimulation? simulation = null;
        try
        {
            simulation = new EngineSimulation(settings, folder);
            simulation.Run();
            counts.Add(simulation.Counts);
            return null;
        }
        catch (Exception e)
        {
            var promise = e is SimulationFailure ? e.Message : e.ToString();
            simulation?.Dump();
            return new SimulationReport(settings, promise, simulation?.History ?? []);
        }
        finally
        {
            simulation?.Dispose();
            folder.Delete(recursive: true);
        }
    }
}

internal sealed record SimulationReport(SimulationSettings Settings, string Promise, IReadOnlyList<string> History);
