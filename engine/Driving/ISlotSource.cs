using System.Collections.Immutable;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Routing;

namespace AgentGrid.Engine.Driving;

/// <summary>Where the attempts of a run get their slots.</summary>
public interface ISlotSource
{
    /// <summary>Asks for the agents' loads as they are now, before a turn decides by them.</summary>
    /// <returns>False when they are there; true when the driver is to wait for <see cref="RunDriver.Continue"/>.</returns>
    bool Refresh(RunDriver driver);

    /// <summary>As <see cref="IRoutingView.Offering"/>.</summary>
    IReadOnlyList<AgentLoad> Offering(ImmutableArray<string> capabilities);

    /// <summary>As <see cref="IRoutingView.Named"/>.</summary>
    AgentLoad? Named(string agent);

    /// <summary>Takes a slot that is free, where that can be known at once; else counts that one is about to be asked for.</summary>
    /// <param name="hedged">What it counts for in the budget of its step; null where there is none.</param>
    IHeldSlot? TryTake(string agent, HedgedStep? hedged);

    /// <summary>
    /// Asks for a slot for an attempt that waits. It is told what came of it, outside any lock, before or after the call
    /// returns.
    /// </summary>
    IPendingSlot Ask(OpenAttempt attempt);

    /// <summary>Whether slots that this turn has asked for are likely to be granted in a moment.</summary>
    /// <returns>False when there is nothing to wait for; true when the driver is to wait for <see cref="RunDriver.Continue"/>.</returns>
    bool AwaitGrants(RunDriver driver);

    /// <summary>The slot is not wanted any more, whether or not it has been granted meanwhile.</summary>
    void Withdraw(IPendingSlot pending);

    /// <summary>Gives back a slot that no agent has been asked on.</summary>
    void Release(IHeldSlot slot);

    /// <summary>Slots that were given back before the turn, whose attempts have asked by now for what follows, go to whoever is first.</summary>
    void Serve()
    {
    }

    /// <summary>An attempt of an agent has succeeded, or failed in a way that says something of the agent.</summary>
    /// <param name="node">Where; null where it had none.</param>
    void Report(string agent, string? node, bool hasFailed);

    /// <summary>The run is taken up anew from its journal, and may ask for the same slot again.</summary>
    void Forget(IPendingSlot pending);

    /// <inheritdoc cref="Forget(IPendingSlot)"/>
    void Forget(IHeldSlot slot);
}

/// <summary>A slot that was asked for.</summary>
public interface IPendingSlot;

/// <summary>A slot that an attempt has.</summary>
public interface IHeldSlot
{
    /// <summary>The name of its node.</summary>
    string Node { get; }

    /// <summary>Why there; null where there was nothing to choose from.</summary>
    PlacementDecision? Choice { get; }
}
