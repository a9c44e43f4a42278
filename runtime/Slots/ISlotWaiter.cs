using AgentGrid.Core.Placement;

namespace AgentGrid.Runtime.Slots;

/// <summary>Told, outside any lock, what became of a request.</summary>
public interface ISlotWaiter
{
    /// <summary>It has a slot, and gives it back with <see cref="SlotTable.Release"/>.</summary>
    /// <param name="placement">On which node, and why; the node is never null.</param>
    void OnGranted(Placement placement);

    /// <summary>The agent is no longer there.</summary>
    void OnAgentGone();
}
