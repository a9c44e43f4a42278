using System.Collections.Immutable;

namespace AgentGrid.Core.Routing;

/// <summary>
/// The agents and their load, as one run's turn sees them. A turn that starts attempts reserves their slots here, so
/// that what it decides next already counts them.
/// </summary>
public interface IRoutingView
{
    /// <summary>Every enabled agent that offers any of the capabilities, in any order.</summary>
    IReadOnlyList<AgentLoad> Offering(ImmutableArray<string> capabilities);

    /// <summary>An enabled agent by name; null when there is none.</summary>
    AgentLoad? Named(string agent);

    /// <summary>Takes a free slot for an attempt.</summary>
    /// <returns>The node whose slot it is; null when none is free, or when others wait for one already.</returns>
    string? TryReserve(string agent, string step, int attempt);

    /// <summary>
    /// The seconds that the longest path takes which begins with a step of the run's plan, by what its steps took before; the same
    /// for as long as the run is driven.
    /// </summary>
    /// <param name="step">Its index in the plan.</param>
    /// <returns>Null where that is not known: then timeouts have to do.</returns>
    double? WorkBehind(int step) => null;
}
