using System.Collections.Immutable;
using AgentGrid.Core.Plans;

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
    /// What the attempts of a step go by, as the steps of the run's plan took before; the same for as long as the run is driven.
    /// </summary>
    /// <param name="step">Its index in the plan.</param>
    /// <returns>Null where nothing is known of them: then timeouts have to do.</returns>
    Urgency? UrgencyOf(int step) => null;

    /// <summary>How long 99 of 100 attempts of an agent in a step take at most; null where too few are known.</summary>
    TimeSpan? P99Of(string step, string agent) => null;

    /// <summary>How long an attempt that starts on a node now is waited for before a backup is asked.</summary>
    HedgeDelay HedgeAfter(Hedge hedge, string step, string agent, string node) => HedgeDelay.Fixed(hedge);
}
