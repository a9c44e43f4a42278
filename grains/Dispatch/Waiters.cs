namespace AgentGrid.Grains.Dispatch;

/// <summary>The requests for slots that are not answered yet, by the slot's key.</summary>
internal sealed class Waiters(TimeProvider time)
{
    private static readonly TimeSpan Forgets = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, SlotWaiter> _bySlot = new(StringComparer.Ordinal);

    public SlotWaiter? Find(string slot) => _bySlot.GetValueOrDefault(slot);

    public void Add(SlotWaiter waiter) => _bySlot.Add(waiter.Slot, waiter);

    public void Remove(SlotWaiter waiter) => _bySlot.Remove(waiter.Slot);

    /// <summary>Those that nobody asks for any more: whoever did is gone, or has moved and asks under another key.</summary>
    public IReadOnlyList<SlotWaiter> Forgotten() =>
    [
        .. _bySlot.Values.Where(w => w.Asking == 0 && time.GetElapsedTime(w.AskedAt) > Forgets),
    ];
}
