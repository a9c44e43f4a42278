using AgentGrid.Core;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Simulation.Grid;

/// <summary>The journal of a simulated grid, in memory: what it has survives the process.</summary>
/// <param name="keepsRuns">
/// False: of a run that has ended only those of others' steps are kept, until these have ended too; and no events.
/// </param>
internal sealed class SimulatedStore(bool keepsRuns)
{
    private readonly Dictionary<RunId, KeptRun> _runs = [];
    private readonly Dictionary<RunKey, RunId> _byKey = [];

    public IReadOnlyCollection<KeptRun> Runs => _runs.Values;

    public void Keep(RunState state, RunEvent[] events)
    {
        if (!_runs.TryGetValue(state.Id, out var run))
        {
            _runs.Add(state.Id, run = new KeptRun(state));
            _byKey[state.Key] = state.Id;
            if (state.Parent is { } parent && _runs.TryGetValue(parent.Run, out var above))
            {
                above.Children.Add(state.Id);
            }
        }
        run.Last = state;
        if (keepsRuns)
        {
            run.Events.AddRange(events);
        }
        else if (state.Status.IsEnded() && state.Parent is null)
        {
            Forget(run);
        }
    }

    public RunState? Replay(RunKey key) => _byKey.TryGetValue(key, out var run) ? Replay(run) : null;

    public RunState? Replay(RunId id) => _runs.TryGetValue(id, out var run) ? keepsRuns ? run.Replay() : run.Last : null;

    private void Forget(KeptRun run)
    {
        _runs.Remove(run.Last.Id);
        _byKey.Remove(run.Last.Key);
        foreach (var child in run.Children)
        {
            if (_runs.TryGetValue(child, out var below))
            {
                Forget(below);
            }
        }
    }
}

/// <summary>A run of a simulated grid.</summary>
/// <param name="first">The run as it was accepted.</param>
public sealed class KeptRun(RunState first)
{
    private readonly Plan _plan = first.Plan;

    /// <summary>Its events, in their order; none where they are not kept.</summary>
    public List<RunEvent> Events { get; } = [];

    /// <summary>The run as it was after its last turn.</summary>
    public RunState Last { get; internal set; } = first;

    internal List<RunId> Children { get; } = [];

    /// <summary>The run by its events alone.</summary>
    /// <exception cref="InvalidOperationException">They cannot follow each other.</exception>
    public RunState Replay() => Events.Aggregate(new RunState(_plan), RunMachine.Evolve);
}
