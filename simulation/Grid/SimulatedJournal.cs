using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Simulation.Grid;

/// <summary>Keeps turns at once.</summary>
internal sealed class SimulatedJournal(SimulatedGrid grid) : IRunJournal
{
    public bool RunsAhead => true;

    public void Admit(RunDriver driver, RunState state, RunEvent[] events, Action<AdmitOutcome> completed)
    {
        grid.Keep(state, events);
        completed(AdmitOutcome.Kept.Instance);
    }

    public void Append(RunDriver driver, RunState state, RunEvent[] events, Action<TurnOutcome>? completed)
    {
        grid.Keep(state, events);
        completed?.Invoke(TurnOutcome.Kept);
    }

    public ValueTask<RunState?> ReplayAsync(RunDriver driver) => ValueTask.FromResult(grid.Store.Replay(driver.Id));

    public void Close(RunDriver driver)
    {
    }
}
