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

    /// <summary>The run waits no longer, and what it holds goes to the next.</summary>
    void Leave(RunDriver run);
}
