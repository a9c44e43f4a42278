using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Simulation.Grid;

/// <summary>What agents would do: asked in their place.</summary>
public interface IAgentModel
{
    /// <summary>What comes of an attempt that begins now.</summary>
    /// <param name="attempt">To be looked at before the call returns.</param>
    SimulatedAnswer Ask(OpenAttempt attempt);
}

/// <summary>What comes of an attempt.</summary>
/// <param name="After">How long it takes; null for one that never returns.</param>
/// <param name="Output">Null when it fails.</param>
/// <param name="Error">Null when it succeeds.</param>
public readonly record struct SimulatedAnswer(TimeSpan? After, Json? Output, RunError? Error)
{
    /// <summary>How many tokens it says it has used; null when it does not.</summary>
    public long? Tokens { get; init; }

    /// <summary>It never returns.</summary>
    public static readonly SimulatedAnswer Never = new(null, null, null);
}
