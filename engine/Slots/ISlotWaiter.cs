namespace AgentGrid.Engine.Slots;

/// <summary>Told, outside any lock, what became of a request.</summary>
public interface ISlotWaiter
{
    /// <summary>It has a slot, and gives it back with <see cref="SlotTable.Release"/>.</summary>
    void OnGranted(TakenSlot slot);

    /// <summary>It may start, and has no slot to give back: said to those with <see cref="SlotRequest.StartOnly"/> alone.</summary>
    void OnMayStart()
    {
    }

    /// <summary>It is a backup, and is given no slot: the budget of its step has nothing left. Said in place of a grant.</summary>
    void OnHedgeRefused(string reason)
    {
    }

    /// <summary>The agent takes no attempts for now; the request goes on waiting. Said once, or never.</summary>
    void OnDrained();

    /// <summary>The agent is no longer there.</summary>
    void OnAgentGone();
}
