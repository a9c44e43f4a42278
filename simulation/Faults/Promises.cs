using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Runs;
using AgentGrid.Simulation.Grid;

namespace AgentGrid.Simulation.Faults;

/// <summary>What must hold of a simulated grid when all has happened, whatever went wrong in it.</summary>
internal static class Promises
{
    /// <summary>The first promise that was broken, in a sentence; null when all were kept.</summary>
    public static string? Broken(SimulatedGrid grid, GridConfig config) =>
        grid.Log.Mistake is { } mistake ? $"A mistake in Agent Grid: {mistake}"
        : grid.Runs.Select(r => Broken(r, config)).FirstOrDefault(static b => b is not null)
            ?? grid.Nodes().Where(static n => !n.Agents.IsEmpty)
                .Select(static n => $"Node '{n.State.Name}' still has slots taken, and no run goes on.").FirstOrDefault();

    private static string? Broken(KeptRun run, GridConfig config)
    {
        var state = run.Last;
        if (!state.Status.IsEnded())
        {
            return $"Run '{state.Key}' has not ended, and nothing is left to happen: it is {state.Status}.";
        }
        RunState replayed;
        try
        {
            replayed = run.Replay();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            return $"The events of run '{state.Key}' cannot follow each other: {e.Message}";
        }
        if (replayed.Status != state.Status || replayed.Version != state.Version)
        {
            return $"Run '{state.Key}' is {state.Status}, and {replayed.Status} by its events.";
        }
        if (run.Events.Count(static e => e is RunEvent.RunCompleted or RunEvent.RunFailed or RunEvent.RunCancelled) != 1)
        {
            return $"Run '{state.Key}' has more than one end.";
        }
        var twice = run.Events.OfType<RunEvent.AttemptSucceeded>().GroupBy(static e => (e.Step, e.Attempt)).FirstOrDefault(static g => g.Count() > 1);
        return twice is not null
            ? $"The result of attempt {twice.Key.Attempt} of step '{twice.Key.Step}' of run '{state.Key}' is recorded twice."
            : state.Steps.Select(s => TooManyTries(state, s, config)).FirstOrDefault(static b => b is not null);
    }

    // An attempt whose node died is the same attempt, delivered again: it is none more.
    private static string? TooManyTries(RunState run, StepState step, GridConfig config)
    {
        foreach (var tries in step.Attempts.GroupBy(static a => (a.Branch, a.Agent)))
        {
            var most = (step.Step.Retry ?? config.Agents.GetValueOrDefault(tries.Key.Agent)?.Retry ?? RetryPolicy.None).MaxAttempts;
            // One that was passed on while it waited was no try.
            var made = tries.Count(static a => a.StartedAt is not null);
            if (made > most)
            {
                return $"'{tries.Key.Agent}' was tried {made} times for step '{step.Id}' of run '{run.Key}', and may be {most} times.";
            }
        }
        return null;
    }
}
