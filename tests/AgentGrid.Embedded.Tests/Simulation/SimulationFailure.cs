namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>A promise was broken.</summary>
internal sealed class SimulationFailure(string promise) : Exception(promise);
