namespace AgentGrid.TestKit;

/// <summary>A promise was broken.</summary>
public sealed class SimulationFailure(string promise) : Exception(promise);
