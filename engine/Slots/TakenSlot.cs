using AgentGrid.Core.Placement;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Slots;

/// <summary>
/// A slot that somebody has taken: it counts until it is released or its node is gone, whatever becomes of the agent's
/// configuration meanwhile.
/// </summary>
public sealed class TakenSlot : IHeldSlot
{
    internal TakenSlot(AgentSlots agent, SlotNode home, PlacementDecision placement, GpuLease? lease, Isolation? isolation)
    {
        Agent = agent;
        Home = home;
        Lease = lease;
        Isolation = isolation;
        Placement = lease is null ? placement : placement with { Gpu = lease.Gpu };
    }

    /// <summary>Where it is, and why there; the node is never null.</summary>
    public PlacementDecision Placement { get; }

    /// <summary>Whose it is.</summary>
    public string AgentName => Agent.Config.Name;

    /// <summary>The name of its node.</summary>
    public string Node => Placement.Node!;

    /// <summary>The GPU whose memory it occupies; null for none.</summary>
    public int? Gpu => Placement.Gpu;

    /// <summary>How its attempt is kept apart; null when it is not, or not any more.</summary>
    public Isolation? Isolation { get; internal set; }

    // Whoever drives runs on a table of its own has one node; a dispatcher passes the placement on itself.
    PlacementDecision? IHeldSlot.Choice => null;

    internal AgentSlots Agent { get; }
    internal SlotNode Home { get; }
    internal GpuLease? Lease { get; }

    /// <summary>What its attempt has taken of its agent's tokens; null where these are not limited.</summary>
    internal TokenCharge? Charge { get; set; }

    /// <summary>In what budget its time on a GPU counts; null where it does in none.</summary>
    internal GpuTime? GpuTime { get; set; }
}
