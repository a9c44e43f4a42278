namespace AgentGrid.Engine.Driving;

/// <summary>Says which runs are driven at once. A run is in it once at most, however often it is said to enter or leave.</summary>
public interface IRunQueue
{
    /// <summary>Starts the run when it is its turn; again, when it was.</summary>
    void Enter(RunDriver run);

    /// <summary>The run had been started before its driver took it up, and is driven even past the limit.</summary>
    void Reenter(RunDriver run);

    /// <summary>
    /// The run had left because it did nothing but wait for a signal, and goes on: it is driven even past the limit.
    /// </summary>
    void Return(RunDriver run);

    /// <summary>The run does nothing but wait for a signal: what it holds goes to the next, and in its group it counts on.</summary>
    void StepAside(RunDriver run);

    /// <summary>Counts a run in its group before it is accepted, if there is room; it enters then, or leaves.</summary>
    /// <param name="reserved">Told null when it is counted; else why it cannot be accepted.</param>
    void Reserve(RunDriver run, Action<AdmitOutcome?> reserved);

    /// <summary>The run waits no longer, and what it holds goes to the next.</summary>
    void Leave(RunDriver run);
}
