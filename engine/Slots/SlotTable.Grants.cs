namespace AgentGrid.Engine.Slots;

// Who gets what is free.
public sealed partial class SlotTable
{
    // Agents of other queues that the node serves can need the memory, or the company.
    private static bool CanUse(QueueSlots queue, TakenSlot slot) =>
        queue == slot.Agent.Queue || ((slot.Lease is not null || slot.Isolation is not null) && queue.IsServedBy(slot.Home));

    private void GrantOn(SlotNode node, List<SlotRequest> granted)
    {
        foreach (var queue in _queues.Values)
        {
            if (queue.Turns.AnyWait && queue.IsServedBy(node))
            {
                Grant(queue, granted);
            }
        }
    }

    private void GrantAll(List<SlotRequest> granted)
    {
        foreach (var queue in _queues.Values)
        {
            Grant(queue, granted);
        }
    }

    private void Grant(QueueSlots queue, List<SlotRequest> granted)
    {
        queue.IsOwed = false;
        while (queue.Turns.AnyWait)
        {
            SlotRequest? best = null;
            AgentSlots? bestAgent = null;
            foreach (var agent in queue.Agents)
            {
                if (agent.Head(inAttempts: _draining) is { } head && (best is null || queue.IsBefore(head, best)))
                {
                    (best, bestAgent) = (head, agent);
                }
                if (agent.NextStart is { } next)
                {
                    _timer.Arm(next);
                }
            }
            if (best is null)
            {
                return;
            }
            Grant(best, bestAgent!);
            granted.Add(best);
        }
    }
}
