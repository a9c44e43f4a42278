using AgentGrid.Core.Grid;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>Runs simulations, and looks for the smallest one that still fails.</summary>
internal static class Simulations
{
    private const int MostTrials = 60;
    private const int MostLines = 60;
    private const int StackBytes = 16 * 1024 * 1024;

    /// <summary>Runs seeds, as many at once as there are processors, until one fails.</summary>
    /// <returns>The failure with the smallest seed; null when there is none.</returns>
    public static SimulationReport? RunAll(
        IEnumerable<int> seeds, Breakage breakage, SimulationCounts counts)
    {
        var gate = new Lock();
        var next = new Queue<int>(seeds);
        SimulationReport? failure = null;
        void Work()
        {
            var mine = new SimulationCounts();
            while (true)
            {
                int seed;
                lock (gate)
                {
                    if (failure is not null || !next.TryDequeue(out seed))
                    {
                        counts.Add(mine);
                        return;
                    }
                }
                if (RunHere(SimulationSettings.Of(seed, breakage), mine) is { } report)
                {
                    lock (gate)
                    {
                        failure = failure is null || report.Settings.Seed < failure.Settings.Seed ? report : failure;
                    }
                }
            }
        }
        // Threads of their own have no synchronization context: whoever waits goes on where the simulation is.
        var threads = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work, StackBytes)).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        return failure;
    }

    /// <summary>The history of one simulation, whether or not it fails.</summary>
    public static SimulationReport Trace(SimulationSettings settings)
    {
        SimulationReport? report = null;
        var thread = new Thread(() => report = Run(settings, new SimulationCounts()), StackBytes);
        thread.Start();
        thread.Join();
        return report!;
    }

    /// <summary>Makes a failing simulation as small as it goes, and says how it fails.</summary>
    public static string Explain(SimulationReport first)
    {
        var smallest = first;
        var trials = 0;
        for (var found = true; found && trials < MostTrials;)
        {
            found = false;
            foreach (var smaller in smallest.Settings.Smaller().TakeWhile(_ => trials++ < MostTrials))
            {
                if (Trace(smaller) is { Broken: not null } report && report.History.Count < smallest.History.Count)
                {
                    smallest = report;
                    found = true;
                    break;
                }
            }
        }
        return $"""
            seed {first.Settings.Seed}: {first.Broken}
            replay it with AGENTGRID_SEED={first.Settings.Seed}
            the smallest that fails: {smallest.Broken}
            {smallest.Settings}
            the last of its {smallest.History.Count} lines of history:
            {string.Join('\n', smallest.History.TakeLast(MostLines))}
            """;
    }

    private static SimulationReport? RunHere(SimulationSettings settings, SimulationCounts counts) =>
        Run(settings, counts) is { Broken: not null } report ? report : null;

    private static SimulationReport Run(SimulationSettings settings, SimulationCounts counts)
    {
        var folder = Directory.CreateTempSubdirectory("agentgrid-simulation-");
        var simulation = new EngineSimulation(settings, folder);
        string? broken = null;
        try
        {
            simulation.Run();
            counts.Add(simulation.Counts);
        }
        catch (SimulationFailure e)
        {
            broken = e.Message;
        }
        catch (KeptDataException e)
        {
            // The engine itself finds that its journal does not hold together.
            broken = $"the engine refuses its journal: {e.Message}";
        }
        catch (Exception e)
        {
            broken = $"{SimulationReport.Unexpected}{e}";
        }
        finally
        {
            simulation.Dispose();
            folder.Delete(recursive: true);
        }
        return new SimulationReport(settings, broken, simulation.History);
    }
}

/// <param name="Broken">The promise that was broken; null when all were kept.</param>
internal sealed record SimulationReport(SimulationSettings Settings, string? Broken, IReadOnlyList<string> History)
{
    /// <summary>How it begins when no promise was checked: something threw, in the engine or in the simulation.</summary>
    public const string Unexpected = "unexpected: ";
}
